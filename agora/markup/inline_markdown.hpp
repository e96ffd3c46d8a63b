// SPDX-License-Identifier: MIT
// The Markdown of a run of text, links, images, code and emphasis: what stands in a paragraph, a heading or a cell.
#pragma once

#include <agora/markup/html_tree.hpp>
#include <span>
#include <string>

namespace agora::markup {

/// One of the digits that number a list.
inline bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

struct inline_style {
    bool emphasis = true;   ///< false: text, links and images only
    bool one_line = false;  ///< of headings and cells: a line break becomes a space
};

/// Without white space around it. Elements that Markdown does not have give their text.
std::string inline_markdown(std::span<const html_node> nodes, inline_style style);

}  // namespace agora::markup
