// SPDX-License-Identifier: MIT
// UTF-8 (RFC 3629): checks whether a text is well formed, and repairs texts that are not. Pure functions, thread-safe;
// ASCII is checked eight bytes at a time.
#pragma once

#include <string>
#include <string_view>

namespace larder {

/// Returns the length of the well-formed sequence at the front of `text`, 1 to 4 bytes; 0 if there is none. Overlong
/// forms and surrogates are not well formed. Requires: `text` is not empty.
std::size_t utf8_length(std::string_view text) noexcept;

bool is_utf8(std::string_view text) noexcept;

/// Returns the text with U+FFFD in place of each byte that is not valid UTF-8, cut at a character boundary to at most
/// `most` bytes.
std::string repaired_utf8(std::string_view text, std::size_t most);

}  // namespace larder
