// SPDX-License-Identifier: MIT
#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm.h>

#include <agora/markup/markdown.hpp>
#include <agora/markup/sanitize.hpp>
#include <algorithm>
#include <memory>

namespace agora::markup {

namespace {

constexpr int options = CMARK_OPT_VALIDATE_UTF8;
constexpr std::size_t max_table_cells = 100'000;

struct freer {
    void operator()(cmark_parser* p) const { cmark_parser_free(p); }
    void operator()(cmark_node* n) const { cmark_node_free(n); }
    void operator()(cmark_iter* i) const { cmark_iter_free(i); }
    void operator()(char* text) const { cmark_get_default_mem_allocator()->free(text); }
};

template <class T>
using owned = std::unique_ptr<T, freer>;

void attach(cmark_parser& parser, const char* extension)
{
    static const bool registered = (cmark_gfm_core_extensions_ensure_registered(), true);
    (void)registered;
    cmark_parser_attach_syntax_extension(&parser, cmark_find_syntax_extension(extension));
}

/// cmark fills up every row of a table to the width of its head: a wide head over many one-byte rows is a quadratic
/// amount of cells. The widest line times the number of lines bounds it.
bool may_have_tables(std::string_view markdown)
{
    std::size_t widest = 0;
    std::size_t lines = 0;
    while (!markdown.empty()) {
        const std::size_t end = std::min(markdown.find('\n'), markdown.size() - 1) + 1;
        widest = std::max(widest, static_cast<std::size_t>(std::ranges::count(markdown.substr(0, end), '|')) + 1);
        ++lines;
        markdown.remove_prefix(end);
    }
    return widest * lines <= max_table_cells;
}

/// What looks like HTML was meant to be read: `vector<int>` must not lose its `<int>`.
void show_html_as_text(cmark_node& document)
{
    const owned<cmark_iter> nodes{cmark_iter_new(&document)};
    for (auto event = cmark_iter_next(nodes.get()); event != CMARK_EVENT_DONE; event = cmark_iter_next(nodes.get())) {
        cmark_node* const html = cmark_iter_get_node(nodes.get());
        const bool block = cmark_node_get_type(html) == CMARK_NODE_HTML_BLOCK;
        if (!block && cmark_node_get_type(html) != CMARK_NODE_HTML_INLINE) continue;
        cmark_node* const text = cmark_node_new(CMARK_NODE_TEXT);
        cmark_node_set_literal(text, cmark_node_get_literal(html));
        cmark_node* shown = text;
        if (block) {
            shown = cmark_node_new(CMARK_NODE_PARAGRAPH);
            cmark_node_append_child(shown, text);
        }
        cmark_node_replace(html, shown);
        cmark_node_free(html);
    }
}

}  // namespace

std::string render_markdown(std::string_view markdown)
{
    markdown = markdown.substr(0, max_html);
    const owned<cmark_parser> parser{cmark_parser_new(options)};
    attach(*parser, "strikethrough");
    attach(*parser, "autolink");
    attach(*parser, "tasklist");
    if (may_have_tables(markdown)) attach(*parser, "table");
    cmark_parser_feed(parser.get(), markdown.data(), markdown.size());
    const owned<cmark_node> document{cmark_parser_finish(parser.get())};
    show_html_as_text(*document);
    const owned<char> html{
        cmark_render_html(document.get(), options, cmark_parser_get_syntax_extensions(parser.get()))};
    return sanitize_html(html.get());
}

}  // namespace agora::markup
