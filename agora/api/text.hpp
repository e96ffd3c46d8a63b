// SPDX-License-Identifier: MIT
// What the rules for text fields share: length and control characters. Pure functions.
#pragma once

#include <agora/outcome.hpp>
#include <algorithm>
#include <larder/ascii.hpp>
#include <string>
#include <string_view>

namespace agora::api {

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
    if (larder::trimmed(text).empty()) errors.emplace_back(field, field_codes::required, "must not be empty");
    if (characters(text) > most)
        errors.emplace_back(field, field_codes::too_long, "must have at most " + std::to_string(most) + " characters");
}

}  // namespace agora::api
