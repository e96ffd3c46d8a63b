// SPDX-License-Identifier: MIT
// The elements of sanitised HTML: for each one, where it may appear, what it may contain, and its attributes.
// The rules are stricter than HTML's own (no block inside inline content, no link inside a link), so that the written
// HTML parses back into the same tree. Constant data; no state.
#pragma once

#include <gumbo.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace agora::markup {

/// What an element may contain.
enum class content_model { nothing, phrasing, flow, list, definitions, table, rows, cells };

/// Where an element may appear; accepts() combines the two.
enum class element_category { phrase, block, item, definition, row_group, row, cell };

/// How the value of an attribute is validated.
enum class attribute_kind { text, link, image, number, alignment, flag, language };

struct attribute_rule {
    const char* name;
    attribute_kind kind;
};

struct element_rule {
    GumboTag tag;
    element_category category;
    content_model content;
    std::span<const attribute_rule> attributes{};
};

/// The rule for an element. Null: the element is not allowed and is replaced by its content, unless is_dropped().
const element_rule* find_rule(GumboTag tag) noexcept;

/// Whether the element is removed together with its content: scripts, styles, embedded documents, forms, raw text.
bool is_dropped(GumboTag tag) noexcept;

/// Whether an element with this content model may contain a child of that category.
bool accepts(content_model parent, element_category child) noexcept;

/// Whether only white space is allowed between the children.
bool forbids_text(content_model parent) noexcept;

/// The attribute's value to write, not escaped yet; nullopt when the value is not allowed.
std::optional<std::string> safe_value(attribute_kind kind, std::string_view value);

}  // namespace agora::markup
