// SPDX-License-Identifier: MIT
// An upper bound for the cost of rendering a Markdown text, computed in one linear pass before anything is parsed.
// cmark walks every open list item at every blank line, scans to the end of the paragraph at many marks, copies a
// link's target to each of its uses, and fills every row of a table up to the width of its head. So a hostile text of
// 100 KiB can take minutes or gigabytes. Texts above the bounds are never parsed. Start with cost_of_markdown(). Pure,
// thread-safe.
#pragma once

#include <cstddef>
#include <string_view>

namespace agora::markup {

struct render_cost {
    std::size_t depth = 0;        ///< nesting depth of quotes and list items
    std::size_t inline_work = 0;  ///< marks of a paragraph times its bytes, summed over all paragraphs
    std::size_t expansion = 0;    ///< bytes of the longest link definition times the brackets that may use it
    std::size_t table_cells = 0;  ///< cells of all tables, with every row filled up to the width of the widest
    std::size_t table_heads = 0;  ///< lines that may be a table's second line, times the bytes of their paragraphs
};

/// Each member of the result is an upper bound of what the text costs.
render_cost cost_of_markdown(std::string_view markdown);

inline constexpr std::size_t max_quote_depth = 100;
inline constexpr std::size_t max_inline_work = 150'000'000;  ///< at most about 0.3 s
inline constexpr std::size_t max_expansion = std::size_t{2} << 20;
inline constexpr std::size_t max_table_cells = 100'000;
inline constexpr std::size_t max_table_heads = 1'000'000;

/// Whether the text may be rendered; otherwise it is refused.
constexpr bool may_be_rendered(const render_cost& c) noexcept
{
    return c.depth <= max_quote_depth && c.inline_work <= max_inline_work && c.expansion <= max_expansion;
}

/// Whether tables are recognized; otherwise they are shown as the lines that were typed.
constexpr bool may_have_tables(const render_cost& c) noexcept
{
    return c.table_cells <= max_table_cells && c.table_heads <= max_table_heads;
}

}  // namespace agora::markup
