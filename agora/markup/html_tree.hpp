// SPDX-License-Identifier: MIT
// The tree of HTML that sanitize_html wrote: well nested, at most max_depth deep, four entities. For what reads such
// HTML again. Views point into the text.
#pragma once

#include <gumbo.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace agora::markup {

struct html_node {
    GumboTag tag = GUMBO_TAG_UNKNOWN;  ///< unknown: a text, or the root
    std::string text;                  ///< of a text, decoded
    std::map<std::string_view, std::string> attributes;
    std::vector<html_node> children;

    bool is_text() const noexcept { return tag == GUMBO_TAG_UNKNOWN; }
    /// Empty when it is not there.
    std::string_view attribute(std::string_view name) const;
};

/// The root, whose children are the text's top level.
html_node read_sanitized(std::string_view html);

/// The texts below it, as they are.
std::string text_of(const html_node& node);

bool contains(const html_node& node, GumboTag tag);

}  // namespace agora::markup
