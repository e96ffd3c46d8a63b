// SPDX-License-Identifier: MIT
// Parses the output of sanitize_html() into a tree, for code that has to read such HTML again: well nested, at most
// max_depth deep, with only four entities. The views in the tree point into the text.
#pragma once

#include <gumbo.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace agora::markup {

struct html_node {
    GumboTag tag = GUMBO_TAG_UNKNOWN;  ///< unknown: a text node, or the root
    std::string text;                  ///< the content of a text node, with entities decoded
    std::map<std::string_view, std::string> attributes;
    std::vector<html_node> children;

    bool is_text() const noexcept { return tag == GUMBO_TAG_UNKNOWN; }
    /// The value of an attribute; empty when the element does not have it.
    std::string_view attribute(std::string_view name) const;
};

/// Returns a root whose children are the top level of the text. Requires: `html` outlives the tree.
html_node read_sanitized(std::string_view html);

/// The text of the node and of everything below it, concatenated.
std::string text_of(const html_node& node);

/// Whether the node or a node below it has this tag.
bool contains(const html_node& node, GumboTag tag);

}  // namespace agora::markup
