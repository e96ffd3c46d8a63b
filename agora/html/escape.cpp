// SPDX-License-Identifier: MIT
// Escaping by tables with an entry for each byte. Runs of bytes that stay as they are get copied at once; the bytes of
// code points beyond ASCII stay as they are.
#include <agora/html/escape.hpp>
#include <array>
#include <cstddef>

namespace agora::html {

namespace {

constexpr std::size_t index_of(char c) { return static_cast<unsigned char>(c); }

/// For each byte: 0 if it is copied, otherwise 1 + its index in `replacements`.
constexpr std::array<std::string_view, 7> replacements{"", "&amp;", "&lt;", "&gt;", "&quot;", "&#39;", "&#13;"};
constexpr auto replacement_of = [] {
    std::array<unsigned char, 256> table{};
    for (std::size_t control = 0; control < ' '; ++control) table[control] = 1;
    table[0x7F] = 1;
    table['\t'] = table['\n'] = 0;
    constexpr std::string_view escaped = "&<>\"'\r";
    for (std::size_t i = 0; i < escaped.size(); ++i) table[index_of(escaped[i])] = static_cast<unsigned char>(i + 2);
    return table;
}();

constexpr auto is_unreserved = [] {
    std::array<bool, 256> table{};
    for (const char c : std::string_view{"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"})
        table[index_of(c)] = true;
    return table;
}();

}  // namespace

void append_escaped(std::string& out, std::string_view text)
{
    std::size_t copied = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto replacement = replacement_of[index_of(text[i])];
        if (replacement == 0) continue;
        out.append(text, copied, i - copied);
        out += replacements[replacement - 1U];
        copied = i + 1;
    }
    out.append(text, copied);
}

void append_query_part(std::string& out, std::string_view text)
{
    constexpr char hex[] = "0123456789ABCDEF";
    std::size_t copied = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = index_of(text[i]);
        if (is_unreserved[byte]) continue;
        out.append(text, copied, i - copied);
        out += {'%', hex[byte >> 4U], hex[byte & 15U]};
        copied = i + 1;
    }
    out.append(text, copied);
}

void append_segment(std::string& out, std::string_view text)
{
    if (text == ".") {
        out += "%252E";
    } else if (text == "..") {
        out += "%252E%252E";
    } else {
        append_query_part(out, text);
    }
}

}  // namespace agora::html
