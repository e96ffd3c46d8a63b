// SPDX-License-Identifier: MIT
// Removes invisible and direction-changing characters. The text is scanned as bytes; a text without any of the six lead
// bytes of such characters is returned as it is.
#include <agora/api/shown_line.hpp>
#include <algorithm>
#include <string_view>

namespace agora::api {

namespace {

/// The length in bytes of a character to remove at the start of the text; 0 if it is not one.
std::size_t unseen_size(std::string_view text) noexcept
{
    const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
    if (byte(0) == 0xC2) return byte(1) == 0xAD ? 2 : 0;                                          // U+00AD
    if (byte(0) == 0xD8) return byte(1) == 0x9C ? 2 : 0;                                          // U+061C
    if (byte(0) == 0xE1) return byte(1) == 0xA0 && byte(2) == 0x8E ? 3 : 0;                       // U+180E
    if (byte(0) == 0xEF) return byte(1) == 0xBB && byte(2) == 0xBF ? 3 : 0;                       // U+FEFF
    if (byte(0) == 0xF3) return byte(1) == 0xA0 && (byte(2) == 0x80 || byte(2) == 0x81) ? 4 : 0;  // U+E0000 to U+E007F
    if (byte(0) != 0xE2) return 0;
    const auto last = byte(2);
    if (byte(1) == 0x80)  // U+200B, U+200E, U+200F, U+202A to U+202E
        return last == 0x8B || last == 0x8E || last == 0x8F || (last >= 0xAA && last <= 0xAE) ? 3 : 0;
    if (byte(1) == 0x81) return last >= 0xA0 && last <= 0xAF ? 3 : 0;  // U+2060 to U+206F
    return 0;
}

}  // namespace

std::string shown_line(std::string text)
{
    constexpr std::string_view leads = "\xC2\xD8\xE1\xE2\xEF\xF3";
    auto at = text.find_first_of(leads);
    if (at == std::string::npos) return text;
    std::string shown = text.substr(0, at);
    while (at < text.size()) {
        const auto unseen = unseen_size(std::string_view{text}.substr(at));
        if (unseen == 0) shown += text[at];
        at += std::max<std::size_t>(unseen, 1);
    }
    return shown;
}

}  // namespace agora::api
