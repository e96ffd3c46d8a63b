// SPDX-License-Identifier: MIT
// Sanitised HTML as a page shows it: headings begin below the page's own, pictures of other sites become links, so that
// reading a post tells no other site who reads it, and what scrolls can be reached with the keyboard. The sanitiser's
// output stays as it is stored; only pages are made this way. Pure, thread-safe, linear in the size of the text.
//
//     const markup::page_html shown{post.body_html, {.first_heading = 2, .pictures = site.pictures()}};
//     out.write(R"(<div class="prose" dir="auto">{}</div>)", markup::sanitized::view(shown));
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace agora::markup {

/// What becomes of pictures of other sites.
enum class foreign_pictures : std::uint8_t {
    link,  ///< a link that says what the picture shows and where it is
    show,  ///< they are loaded, if their address begins with https; the others become links
};

struct page_html_options {
    int first_heading = 3;  ///< what <h1> becomes; the others follow it, up to <h6>
    foreign_pictures pictures = foreign_pictures::link;
};

class page_html {
 public:
    /// Requires: `from_sanitizer` came from sanitize_html() or render_markdown(), now or before it was stored.
    explicit page_html(std::string_view from_sanitizer, const page_html_options& o = {});
    const std::string& text() const noexcept { return text_; }

 private:
    std::string text_;
};

}  // namespace agora::markup
