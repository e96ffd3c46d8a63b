// SPDX-License-Identifier: MIT
// What protocols do with ASCII text: lower case and white space, whatever the locale is. Pure functions.
#pragma once

#include <algorithm>
#include <string_view>

namespace larder {

/// Returns the letter in lower case; any other character as it is.
constexpr char to_lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

/// Equality that ignores the case of letters.
constexpr bool iequals(std::string_view a, std::string_view b) noexcept
{
    return std::ranges::equal(a, b, {}, to_lower, to_lower);
}

/// Returns the text without the characters of `space` at its ends.
constexpr std::string_view trimmed(std::string_view text, std::string_view space = " \t\r\n") noexcept
{
    text.remove_prefix(std::min(text.find_first_not_of(space), text.size()));
    return text.substr(0, text.find_last_not_of(space) + 1);
}

}  // namespace larder
