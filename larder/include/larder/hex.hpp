// SPDX-License-Identifier: MIT
// Hexadecimal text, and percent escapes of URIs (RFC 3986 2.1). Pure functions, thread-safe.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace larder {

/// Returns the bytes as text, two digits for each. `digits`: lower case by default.
inline std::string to_hex(std::span<const unsigned char> bytes, std::string_view digits = "0123456789abcdef")
{
    std::string out;
    out.reserve(2 * bytes.size());
    for (const auto byte : bytes) (out += digits[byte >> 4]) += digits[byte & 15];
    return out;
}

/// Returns the value of a digit, in upper or lower case; -1 for any other character.
constexpr int hex_value(char c) noexcept
{
    if (c >= '0' && c <= '9') return c - '0';
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// Appends the byte as a percent escape, such as `%2F`.
inline void append_escaped(std::string& out, char byte)
{
    constexpr std::string_view digits = "0123456789ABCDEF";
    const auto value = static_cast<unsigned char>(byte);
    ((out += '%') += digits[value >> 4]) += digits[value & 15];
}

/// Returns the byte that the percent escape at the front of the text encodes; -1 if there is no complete escape.
constexpr int escaped_byte(std::string_view text) noexcept
{
    if (text.size() < 3 || text[0] != '%') return -1;
    const int high = hex_value(text[1]);
    const int low = hex_value(text[2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

}  // namespace larder
