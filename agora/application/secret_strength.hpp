// SPDX-License-Identifier: MIT
// Whether a secret was chosen by chance. An upper bound can be told from the text alone: what is left of it when words
// that placeholders are made of, runs, sequences and repetitions are taken out, times the entropy of its characters.
// Random texts lose almost nothing; `aaaa...`, `0123...`, `changeme` and `my-super-secret-key` lose almost all. Pure.
#pragma once

#include <string_view>

namespace agora::application {

/// Bits, at most.
double estimated_bits(std::string_view secret);

/// A secret of at least `least` characters is refused below this: random digits have 3.3 bits each, and an estimate
/// from few characters is low.
constexpr double least_bits(std::size_t least) { return 2.0 * static_cast<double>(least); }

}  // namespace agora::application
