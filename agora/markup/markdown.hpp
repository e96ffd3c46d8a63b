// SPDX-License-Identifier: MIT
// From what a member writes to what pages and lists show. GitHub's Markdown: tables, ~~strikethrough~~, task lists
// and bare links; raw HTML is shown as the text it is. Everything that leaves here has passed sanitize_html, so a
// page may embed it as it is. Pure, thread-safe; about 15 us for a short comment, linear in the text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace agora::markup {

/// Sanitised HTML of a Markdown text. Bytes that are not UTF-8 become U+FFFD.
std::string render_markdown(std::string_view markdown);

/// Plain text of HTML that sanitize_html wrote: white space collapsed, at most `max_chars` code points, cut between
/// words with an ellipsis (which counts). It is text: escape it before it goes into a page.
std::string excerpt(std::string_view sanitized_html, std::size_t max_chars);

}  // namespace agora::markup
