// SPDX-License-Identifier: MIT
// Estimates from the text alone whether a secret was chosen at random, as an upper bound of its entropy: words that are
// typical of placeholders, sequences and repetitions are removed, and the entropy of the remaining characters is summed
// up. Random texts lose almost nothing; `aaaa...`, `0123...`, `changeme` and `my-super-secret-key` lose almost all.
// Pure.
#pragma once

#include <string_view>

namespace agora::application {

/// An upper bound of the entropy, in bits.
double estimated_bits(std::string_view secret);

/// The threshold for a secret whose minimum length is `min_length` characters. It is lower than the 3.3 bits of a
/// random digit, because an estimate from few characters is too low.
constexpr double min_bits(std::size_t min_length) { return 2.0 * static_cast<double>(min_length); }

}  // namespace agora::application
