// SPDX-License-Identifier: MIT
// From what a member writes to what pages and lists show. GitHub's Markdown: tables, ~~strikethrough~~, task lists
// and bare links; raw HTML is shown as the text it is. Everything that leaves here has passed sanitize_html, so a
// page may embed it as it is. Pure, thread-safe; about 15 us for a short comment. What a text may cost is bounded
// before it is parsed (render_cost.hpp), and its memory while it is.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace agora::markup {

/// What a rendering has cost, counted.
struct render_work {
    std::size_t parser_bytes = 0;  ///< through cmark's allocator
    std::size_t nodes = 0;
    std::size_t html_bytes = 0;  ///< before sanitising
};

/// Sanitised HTML of a Markdown text; nothing when it would cost too much. Bytes that are not UTF-8 become U+FFFD.
/// At the very worst 0.3 s and 64 MiB: requests render in a pool (renderer.hpp).
std::optional<std::string> render_markdown(std::string_view markdown, render_work* counted = nullptr);

/// The text as Markdown that shows it as it is, in a block of code: for texts that cost too much otherwise.
std::string as_code_block(std::string_view text, std::string_view language = {});

/// Plain text of HTML that sanitize_html wrote: white space collapsed, at most `max_chars` code points, cut between
/// words with an ellipsis (which counts). It is text: escape it before it goes into a page.
std::string excerpt(std::string_view sanitized_html, std::size_t max_chars);

}  // namespace agora::markup
