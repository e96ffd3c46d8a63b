// SPDX-License-Identifier: MIT
// Case folding with utf8proc, and a fast path for ASCII, which is also the fallback for bytes that are not UTF-8.
#include <utf8proc.h>
#include <agora/markup/fold.hpp>
#include <algorithm>
#include <cstdlib>
#include <memory>

namespace agora::markup {

std::string folded(std::string_view text)
{
    const bool ascii = std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    if (!ascii) {
        utf8proc_uint8_t* made = nullptr;
        const auto how = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD);
        const auto length = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                         static_cast<utf8proc_ssize_t>(text.size()), &made, how);
        const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner{made, &std::free};
        if (length >= 0) return {reinterpret_cast<const char*>(made), static_cast<std::size_t>(length)};
    }
    std::string small{text};
    std::ranges::transform(small, small.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return small;
}

}  // namespace agora::markup
