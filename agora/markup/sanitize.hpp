// SPDX-License-Identifier: MIT
// Makes HTML from untrusted sources safe to embed. The input is parsed as a browser would parse it, and new HTML is
// written from the tree: only elements and attributes of the allow-list, links only to http, https, mailto or this
// site; everything else is escaped or left out. Parsing the output gives the same tree again, so sanitising it again
// changes nothing, and no browser can read it differently. Pure, thread-safe, linear in the size of the input.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace agora::markup {

inline constexpr std::size_t max_html = 1 << 20;  ///< bytes, of input and output
inline constexpr int max_depth = 100;             ///< elements nested deeper are replaced by their content

/// nullopt when the input or the output is larger than `max_html`, or when the input would be slow to parse
/// (parse_cost.hpp).
std::optional<std::string> try_sanitize_html(std::string_view html);

/// Never fails. Where try_sanitize_html() returns nullopt, the result is the escaped source of the input instead, up to
/// 64 KiB of it.
std::string sanitize_html(std::string_view html);

}  // namespace agora::markup
