// SPDX-License-Identifier: MIT
// The Markdown of inline content: a run of text, links, images, code and emphasis in a paragraph, a heading or a table
// cell.
#pragma once

#include <agora/markup/html_tree.hpp>
#include <span>
#include <string>

namespace agora::markup {

/// An ASCII digit, as in the number of a list item.
inline bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

struct inline_style {
    bool emphasis = true;   ///< false: only text, links and images
    bool one_line = false;  ///< for headings and cells: a line break becomes a space
};

/// Writes the nodes as Markdown, without white space at the ends. Elements that Markdown does not have are replaced by
/// their text.
std::string inline_markdown(std::span<const html_node> nodes, inline_style style);

}  // namespace agora::markup
