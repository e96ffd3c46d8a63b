// SPDX-License-Identifier: MIT
// What may appear in sanitised HTML: each element with the place where it may stand, what it may hold and its
// attributes. The places are stricter than HTML's own (no block inside inline content, no link in a link), so that
// what is written parses back into the same tree. Constant data; no state.
#pragma once

#include <gumbo.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace agora::markup {

enum class content { nothing, phrasing, flow, list, definitions, table, rows, cells };

enum class place { phrase, block, item, definition, row_group, row, cell };

enum class attribute_kind { text, link, image, number, alignment, flag, language };

struct attribute_rule {
    const char* name;
    attribute_kind kind;
};

struct element_rule {
    GumboTag tag;
    place stands_in;
    content holds;
    std::span<const attribute_rule> attributes{};
};

/// Null for an element that is not allowed: its content takes its place, unless is_dropped.
const element_rule* find_rule(GumboTag tag) noexcept;

/// True when the element goes with all that it holds: scripts, styles, embedded documents, forms, raw text.
bool is_dropped(GumboTag tag) noexcept;

bool accepts(content parent, place child) noexcept;

/// True when only white space may stand between the children.
bool refuses_text(content parent) noexcept;

/// The attribute's value as it may be written, unescaped; nothing when it may not.
std::optional<std::string> safe_value(attribute_kind kind, std::string_view value);

}  // namespace agora::markup
