// SPDX-License-Identifier: MIT
// Source: The Unicode Standard, 3.13 Default Case Algorithms, and UAX 31 for NFKC_Casefold.
#include <agora/markup/fold.hpp>

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

namespace agora::markup {

namespace {

std::string folded(std::string_view text, int how)
{
    const bool ascii = std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    if (!ascii) {
        utf8proc_uint8_t* made = nullptr;
        const auto length =
            utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                         static_cast<utf8proc_ssize_t>(text.size()), &made, static_cast<utf8proc_option_t>(how));
        const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner{made, &std::free};
        if (length >= 0) return {reinterpret_cast<const char*>(made), static_cast<std::size_t>(length)};
    }
    std::string lower{text};
    std::ranges::transform(lower, lower.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return lower;
}

}  // namespace

std::string folded_text(std::string_view text)
{
    return folded(text, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD);
}

std::string folded_name(std::string_view name)
{
    return folded(name, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);
}

}  // namespace agora::markup
