// SPDX-License-Identifier: MIT
// Makes HTML from strangers safe to embed. The text is parsed as a browser would parse it, and a new text is written
// from the tree: elements and attributes of the allow-list, links to http, https, mailto or this site, everything
// else escaped or left out. The output nests so that parsing it again gives the same tree; hence sanitising it
// again changes nothing, and no browser can read it differently. Pure, thread-safe, linear in the input.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace agora::markup {

inline constexpr std::size_t max_html = 1 << 20;  ///< bytes, of input and output
inline constexpr int max_depth = 100;             ///< deeper elements give their text to the one around them

/// Nothing when the input, or what it becomes, is larger than `max_html`, or when it is built to make parsing slow
/// (parse_cost.hpp).
std::optional<std::string> try_sanitize_html(std::string_view html);

/// Never fails. Input beyond `max_html`, or built to make parsing slow (parse_cost.hpp), is shown as its own source
/// text, up to 64 KiB of it.
std::string sanitize_html(std::string_view html);

}  // namespace agora::markup
