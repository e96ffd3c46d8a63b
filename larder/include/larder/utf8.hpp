// SPDX-License-Identifier: MIT
// UTF-8 (RFC 3629): is it well formed, and what to keep of a text that is not. Pure functions, thread-safe; ASCII
// costs one look per eight bytes.
#pragma once

#include <string>
#include <string_view>

namespace larder {

/// Bytes of the well-formed sequence at the front of `text`, 1 to 4; 0 when there is none. Overlong forms and
/// surrogates are not well formed. Requires: `text` is not empty.
std::size_t utf8_length(std::string_view text) noexcept;

bool is_utf8(std::string_view text) noexcept;

/// The text, cut at a character boundary to at most `most` bytes, with U+FFFD for each byte that is not UTF-8.
std::string repaired_utf8(std::string_view text, std::size_t most);

}  // namespace larder
