// SPDX-License-Identifier: MIT
// HTML that was imported, as the Markdown that a member would have typed: so that it can be edited like any other text,
// and an edit changes only what was edited. The Markdown is rendered again and compared, block by block and as a whole:
// its visible text, its links and its images are those of the HTML. Formatting that Markdown does not have (`<sub>`,
// nested tables) is left out. Pure, thread-safe; about 0.5 ms for a text of 1 KiB.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace agora::markup {

struct converted_text {
    std::string markdown;
    std::string html;      ///< what render_markdown makes of it
    bool faithful = true;  ///< false: it costs too much, or nothing else was true to it: shown as a block of code
};

/// `html` is what sanitize_html wrote.
converted_text from_html(std::string_view html);

/// What a reader sees of sanitised HTML: words with single spaces between them, and where links and images lead, in
/// their order.
struct shown_text {
    std::string words;
    std::vector<std::string> targets;
    friend bool operator==(const shown_text&, const shown_text&) = default;
};
shown_text shown_by(std::string_view sanitized_html);

/// The words alone, each block and each line on a line of its own; at most `max_chars` code points. It is text: escape
/// it before it goes into a page.
std::string plain_text(std::string_view sanitized_html, std::size_t max_chars);

}  // namespace agora::markup
