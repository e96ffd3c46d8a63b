// SPDX-License-Identifier: MIT
// Checks one-line texts code point by code point. Start with has_hidden_characters(): it refuses everything in the
// table `hidden`, except that joiners and emoji selectors are allowed after the characters that need them (tables
// `joined` and `selected`). tidied() normalizes white space. All tables are sorted by code point.
#include <agora/api/visible_text.hpp>
#include <algorithm>
#include <array>

namespace agora::api {
namespace {

constexpr char32_t malformed = 0xFFFFFFFF;

/// Removes the next code point from the text and returns it, or `malformed` for bytes that are not UTF-8.
char32_t next(std::string_view& text) noexcept
{
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto first = byte(0);
    const std::size_t size = first < 0x80   ? 1
                             : first < 0xC2 ? 0
                             : first < 0xE0 ? 2
                             : first < 0xF0 ? 3
                             : first < 0xF5 ? 4
                                            : 0;
    constexpr std::array<char32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
    if (size == 0 || text.size() < size) {
        text.remove_prefix(1);
        return malformed;
    }
    char32_t c = size == 1 ? first : first & (0xFFU >> (size + 1));
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xC0U) != 0x80) {
            text.remove_prefix(1);
            return malformed;
        }
        c = c << 6U | (byte(i) & 0x3FU);
    }
    text.remove_prefix(size);
    const bool surrogate = c >= 0xD800 && c <= 0xDFFF;
    return c < least[size] || c > 0x10FFFF || surrogate ? malformed : c;
}

struct range {
    char32_t first;
    char32_t last;
};

constexpr range white_space[] = {{0x09, 0x0D},     {0x20, 0x20},     {0x85, 0x85},     {0xA0, 0xA0},
                                 {0x1680, 0x1680}, {0x2000, 0x200A}, {0x2028, 0x2029}, {0x202F, 0x202F},
                                 {0x205F, 0x205F}, {0x3000, 0x3000}};

constexpr range hidden[] = {
    {0x00, 0x1F},         // controls
    {0x7F, 0x9F},         // controls
    {0xAD, 0xAD},         // soft hyphen
    {0x034F, 0x034F},     // combining grapheme joiner
    {0x061C, 0x061C},     // Arabic letter mark: changes the direction
    {0x070F, 0x070F},     // Syriac abbreviation mark
    {0x115F, 0x1160},     // Hangul fillers
    {0x17B4, 0x17B5},     // Khmer inherent vowels
    {0x180B, 0x180F},     // Mongolian selectors
    {0x200B, 0x200F},     // zero width space, joiners (see below), direction marks
    {0x2028, 0x202E},     // line and paragraph separators, directional embeddings and overrides
    {0x2060, 0x206F},     // word joiner, invisible operators, directional isolates
    {0x2800, 0x2800},     // Braille blank
    {0x3164, 0x3164},     // Hangul filler
    {0xD800, 0xF8FF},     // surrogates, private use
    {0xFDD0, 0xFDEF},     // noncharacters
    {0xFE00, 0xFE0F},     // variation selectors (see below)
    {0xFEFF, 0xFEFF},     // byte order mark
    {0xFFA0, 0xFFA0},     // Hangul filler
    {0xFFF0, 0xFFFC},     // interlinear annotations, object replacement
    {0x13430, 0x13455},   // Egyptian format controls
    {0x1BCA0, 0x1BCA3},   // shorthand format controls
    {0x1D173, 0x1D17A},   // musical format controls
    {0xE0000, 0x10FFFF},  // tags, selectors, private use
};

template <std::size_t N>
bool in(const range (&ranges)[N], char32_t c) noexcept
{
    const auto* found = std::ranges::lower_bound(ranges, c, {}, &range::last);
    return found != std::end(ranges) && found->first <= c;
}

bool is_noncharacter(char32_t c) noexcept { return (c & 0xFFFEU) == 0xFFFE; }

/// The characters after which a joiner has a visible effect: scripts whose letters change shape next to each other, and
/// emoji.
constexpr range joined[] = {{0x0600, 0x1CFF}, {0x2190, 0x2BFF},   {0xA800, 0xABFF},
                            {0xFE0E, 0xFE0F}, {0x11000, 0x11FFF}, {0x1F000, 0x1FAFF}};
/// The characters after which a selector chooses between text and emoji presentation.
constexpr range selected[] = {{0x203C, 0x2BFF}, {0x3030, 0x3299}, {0x1F000, 0x1FAFF}};

bool is_joiner(char32_t c) noexcept { return c == 0x200C || c == 0x200D; }
bool is_emoji_selector(char32_t c) noexcept { return c == 0xFE0E || c == 0xFE0F; }

}  // namespace

std::string tidied(std::string_view text)
{
    std::string out;
    std::string gap;
    while (!text.empty()) {
        const auto before = text;
        const bool space = in(white_space, next(text));
        const auto bytes = before.substr(0, before.size() - text.size());
        if (space) {
            gap += bytes;
            continue;
        }
        // A line end or a tab inside a name is not a typing error. It is kept, so that has_hidden_characters() refuses
        // the name.
        if (!out.empty() && !gap.empty()) out += has_hidden_characters(gap) ? gap : " ";
        gap.clear();
        out += bytes;
    }
    return out;
}

bool has_hidden_characters(std::string_view text) noexcept
{
    char32_t last = 0;
    while (!text.empty()) {
        const auto c = next(text);
        if (c == malformed || is_noncharacter(c)) return true;
        if (is_joiner(c)) {
            if (!in(joined, last) || text.empty()) return true;
        } else if (is_emoji_selector(c)) {
            if (!in(selected, last)) return true;
        } else if (in(hidden, c) || (is_joiner(last) && !in(joined, c))) {
            return true;
        }
        last = c;
    }
    return false;
}

}  // namespace agora::api
