// SPDX-License-Identifier: MIT
// UTF-8 checks by RFC 3629, section 4. utf8_length() knows the byte patterns; is_utf8() skips runs of ASCII before it
// calls it, and repaired_utf8() replaces one byte at a time where it returns 0.
#include <cstdint>
#include <cstring>
#include <larder/utf8.hpp>

namespace larder {
namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";  // U+FFFD

bool is_tail(char c) noexcept { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

/// Returns the length of the leading run of ASCII, which it checks eight bytes at a time.
std::size_t ascii_run(std::string_view text) noexcept
{
    constexpr std::uint64_t high_bits = 0x8080808080808080U;
    std::size_t i = 0;
    for (std::uint64_t word = 0; i + sizeof word <= text.size(); i += sizeof word) {
        std::memcpy(&word, text.data() + i, sizeof word);
        if ((word & high_bits) != 0) break;
    }
    while (i < text.size() && static_cast<unsigned char>(text[i]) < 0x80) ++i;
    return i;
}

}  // namespace

std::size_t utf8_length(std::string_view s) noexcept
{
    const auto a = static_cast<unsigned char>(s[0]);
    const auto b = s.size() > 1 ? static_cast<unsigned char>(s[1]) : 0U;
    if (a < 0x80) return 1;
    if (a >= 0xc2 && a <= 0xdf) return s.size() >= 2 && is_tail(s[1]) ? 2 : 0;
    if (a >= 0xe0 && a <= 0xef) {
        const bool shortest = a != 0xe0 || b >= 0xa0;
        const bool no_surrogate = a != 0xed || b < 0xa0;
        return s.size() >= 3 && is_tail(s[1]) && is_tail(s[2]) && shortest && no_surrogate ? 3 : 0;
    }
    if (a >= 0xf0 && a <= 0xf4) {
        const bool in_range = (a != 0xf0 || b >= 0x90) && (a != 0xf4 || b < 0x90);
        return s.size() >= 4 && is_tail(s[1]) && is_tail(s[2]) && is_tail(s[3]) && in_range ? 4 : 0;
    }
    return 0;
}

bool is_utf8(std::string_view text) noexcept
{
    for (;;) {
        text.remove_prefix(ascii_run(text));
        if (text.empty()) return true;
        const auto length = utf8_length(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
}

std::string repaired_utf8(std::string_view text, std::size_t most)
{
    std::string out;
    while (!text.empty()) {
        const auto length = utf8_length(text);
        const auto character = length == 0 ? replacement : text.substr(0, length);
        if (out.size() + character.size() > most) break;
        out += character;
        text.remove_prefix(length == 0 ? 1 : length);
    }
    return out;
}

}  // namespace larder
