// SPDX-License-Identifier: MIT
// The only maker of html::safe.
#pragma once

#include <agora/html/safe.hpp>
#include <agora/markup/page_html.hpp>
#include <string_view>

namespace agora::markup {

class sanitized {
 public:
    /// Marks HTML as safe to embed. Requires: it came from sanitize_html() or render_markdown(), now or before it was
    /// stored. The text must outlive the result.
    static html::safe view(std::string_view from_sanitizer) { return html::safe{from_sanitizer}; }
    /// The same for sanitised HTML that was prepared for a page.
    static html::safe view(const page_html& made) { return html::safe{made.text()}; }
    static html::safe view(page_html&&) = delete;
};

}  // namespace agora::markup
