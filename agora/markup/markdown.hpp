// SPDX-License-Identifier: MIT
// Renders what members write into the HTML that pages and lists show. The dialect is GitHub's Markdown: tables,
// ~~strikethrough~~, task lists and bare links; raw HTML is shown as text. All output has passed sanitize_html(), so a
// page may embed it unchanged. The cost of a text is limited before it is parsed (render_cost.hpp), and its memory
// while it is parsed. Start with render_markdown(). Pure, thread-safe; about 15 us for a short comment.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace agora::markup {

/// The work of one rendering, for tests.
struct render_work {
    std::size_t parser_bytes = 0;  ///< allocated by cmark
    std::size_t nodes = 0;         ///< visited in cmark's tree
    std::size_t html_bytes = 0;    ///< before sanitising
};

/// Returns the sanitised HTML of a Markdown text; nullopt when rendering would cost too much. Bytes that are not UTF-8
/// become U+FFFD. Rendering takes at most about 0.3 s. The parser's memory is limited to 256 MiB; a text that needs
/// more is refused like one that costs too much. So requests use the pool of renderer.hpp instead of calling this.
std::optional<std::string> render_markdown(std::string_view markdown, render_work* work = nullptr);

/// Returns Markdown that shows the text unchanged in a code block, for texts that would cost too much to render.
std::string as_code_block(std::string_view text, std::string_view language = {});

/// The plain text of HTML from sanitize_html(): white space is collapsed, and a text of more than `max_chars` code
/// points is cut between words and ends with an ellipsis, which counts as one. The result is plain text: escape it
/// before embedding it in a page.
std::string excerpt(std::string_view sanitized_html, std::size_t max_chars);

}  // namespace agora::markup
