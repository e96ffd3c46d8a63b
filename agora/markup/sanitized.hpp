// SPDX-License-Identifier: MIT
// The only maker of html::safe.
#pragma once

#include <agora/html/safe.hpp>
#include <string_view>

namespace agora::markup {

class sanitized {
 public:
    /// Marks HTML as safe to embed. Requires: it came from sanitize_html() or render_markdown(), now or before it was
    /// stored. The text must outlive the result.
    static html::safe view(std::string_view from_sanitizer) { return html::safe{from_sanitizer}; }
};

}  // namespace agora::markup
