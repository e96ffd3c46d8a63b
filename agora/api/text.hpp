// SPDX-License-Identifier: MIT
// What the rules for text fields share: trimming, length and control characters. Pure functions.
#pragma once

#include <agora/outcome.hpp>
#include <algorithm>
#include <string>
#include <string_view>

namespace agora::api {

/// The text without the white space at its ends.
inline std::string_view trimmed(std::string_view text) noexcept
{
    constexpr std::string_view space = " \t\r\n";
    const auto first = text.find_first_not_of(space);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(space) - first + 1);
}

/// The number of code points. Requires: valid UTF-8, which the JSON reader ensures.
inline std::size_t characters(std::string_view text) noexcept
{
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

inline bool has_control_characters(std::string_view text) noexcept
{
    return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

/// Adds an error if the text is empty or only white space, or has more than `most` characters.
inline void check_length(const char* field, std::string_view text, std::size_t most, std::vector<field_error>& errors)
{
    if (trimmed(text).empty()) errors.emplace_back(field, "required", "must not be empty");
    if (characters(text) > most)
        errors.emplace_back(field, "too_long", "must have at most " + std::to_string(most) + " characters");
}

}  // namespace agora::api
