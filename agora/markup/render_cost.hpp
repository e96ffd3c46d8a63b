// SPDX-License-Identifier: MIT
// What rendering a Markdown text may cost, bounded from above in one linear pass before anything is parsed. cmark walks
// every open list item at every blank line, scans to the end of a paragraph for many a mark, copies a link's target to
// each of its uses and fills every row of a table up to the width of its head: a hostile text of 100 KiB costs it
// minutes or gigabytes. Texts beyond the bounds are never parsed. Pure, thread-safe.
#pragma once

#include <cstddef>
#include <string_view>

namespace agora::markup {

struct render_cost {
    std::size_t depth = 0;        ///< quotes and list items inside one another
    std::size_t inline_work = 0;  ///< marks of a paragraph times its bytes, summed over the paragraphs
    std::size_t expansion = 0;    ///< bytes of the longest link definition times the brackets that may use it
    std::size_t table_cells = 0;  ///< of all tables, filled up to the width of their heads
    std::size_t table_heads = 0;  ///< lines that may be a table's second one, times the bytes of their paragraphs
};

/// Each member is at least what the text can cost.
render_cost cost_of_markdown(std::string_view markdown);

inline constexpr std::size_t max_quote_depth = 100;
inline constexpr std::size_t max_inline_work = 150'000'000;  ///< about 0.3 s at the very worst
inline constexpr std::size_t max_expansion = std::size_t{2} << 20;
inline constexpr std::size_t max_table_cells = 100'000;
inline constexpr std::size_t max_table_heads = 1'000'000;

/// False: the text is refused.
constexpr bool may_be_rendered(const render_cost& c) noexcept
{
    return c.depth <= max_quote_depth && c.inline_work <= max_inline_work && c.expansion <= max_expansion;
}

/// False: tables are shown as the lines that they were typed as.
constexpr bool may_have_tables(const render_cost& c) noexcept
{
    return c.table_cells <= max_table_cells && c.table_heads <= max_table_heads;
}

}  // namespace agora::markup
