// SPDX-License-Identifier: MIT
// Renders Markdown with cmark-gfm. Start with render_markdown(): it estimates the cost, runs render() inside a
// parser_memory, and sanitises the HTML. Because that memory is freed as a whole, and because a run may be aborted with
// longjmp, render() frees nothing and has no object with a destructor.
#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm.h>

#include <agora/markup/markdown.hpp>
#include <agora/markup/parser_memory.hpp>
#include <agora/markup/render_cost.hpp>
#include <agora/markup/sanitize.hpp>
#include <algorithm>

namespace agora::markup {

namespace {

constexpr int options = CMARK_OPT_VALIDATE_UTF8;
constexpr std::size_t max_parser_bytes = std::size_t{256} << 20;  // a run that needs more is aborted

/// The input and output of one run of cmark. Everything that cmark allocates is in its parser_memory.
struct job {
    std::string_view markdown;
    bool tables;
    cmark_mem& memory;
    std::string_view html{};
    std::size_t nodes = 0;
};

void attach(cmark_parser& parser, const char* extension)
{
    cmark_parser_attach_syntax_extension(&parser, cmark_find_syntax_extension(extension));
}

cmark_node* make_node(job& j, cmark_node_type type) { return cmark_node_new_with_mem(type, &j.memory); }

/// Replaces HTML nodes by text nodes, so that HTML is shown as it was typed: `vector<int>` must not lose its `<int>`.
/// Also counts the nodes.
void show_html_as_text(job& j, cmark_node& document)
{
    cmark_iter* const nodes = cmark_iter_new(&document);
    for (auto event = cmark_iter_next(nodes); event != CMARK_EVENT_DONE; event = cmark_iter_next(nodes)) {
        ++j.nodes;
        cmark_node* const html = cmark_iter_get_node(nodes);
        const bool block = cmark_node_get_type(html) == CMARK_NODE_HTML_BLOCK;
        if (!block && cmark_node_get_type(html) != CMARK_NODE_HTML_INLINE) continue;
        cmark_node* const text = make_node(j, CMARK_NODE_TEXT);
        cmark_node_set_literal(text, cmark_node_get_literal(html));
        cmark_node* shown = text;
        if (block) {
            shown = make_node(j, CMARK_NODE_PARAGRAPH);
            cmark_node_append_child(shown, text);
        }
        cmark_node_replace(html, shown);
    }
}

/// Parses and renders. May be aborted by longjmp, so nothing here may have a destructor.
void render(void* state)
{
    job& j = *static_cast<job*>(state);
    cmark_parser* const parser = cmark_parser_new_with_mem(options, &j.memory);
    attach(*parser, "strikethrough");
    attach(*parser, "autolink");
    attach(*parser, "tasklist");
    if (j.tables) attach(*parser, "table");
    cmark_parser_feed(parser, j.markdown.data(), j.markdown.size());
    cmark_node* const document = cmark_parser_finish(parser);
    show_html_as_text(j, *document);
    j.html = cmark_render_html_with_mem(document, options, cmark_parser_get_syntax_extensions(parser), &j.memory);
}

}  // namespace

std::optional<std::string> render_markdown(std::string_view markdown, render_work* work)
{
    static const bool registered = (cmark_gfm_core_extensions_ensure_registered(), true);
    static_cast<void>(registered);
    const render_cost cost = cost_of_markdown(markdown);
    if (markdown.size() > max_html || !may_be_rendered(cost)) return std::nullopt;
    parser_memory memory{max_parser_bytes};
    job j{markdown, may_have_tables(cost), memory.allocator()};
    const bool done = memory.run(render, &j);
    if (work != nullptr) *work = {memory.allocated(), j.nodes, j.html.size()};
    if (!done) return std::nullopt;
    return try_sanitize_html(j.html);
}

namespace {

/// The length of the longest run of a character.
std::size_t longest_run(std::string_view text, char of)
{
    std::size_t longest = 0;
    for (std::size_t at = text.find(of); at < text.size(); at = text.find(of, at)) {
        const auto end = std::min(text.find_first_not_of(of, at), text.size());
        longest = std::max(longest, end - at);
        at = end;
    }
    return longest;
}

}  // namespace

std::string as_code_block(std::string_view text, std::string_view language)
{
    const auto ticks = longest_run(text, '`');
    const auto tildes = longest_run(text, '~');
    const std::string fence = ticks <= tildes ? std::string(std::max<std::size_t>(ticks + 1, 3), '`')
                                              : std::string(std::max<std::size_t>(tildes + 1, 3), '~');
    std::string block = fence;
    block.append(language).append("\n").append(text);
    if (!text.ends_with('\n')) block += '\n';
    return block.append(fence).append("\n");
}

}  // namespace agora::markup
