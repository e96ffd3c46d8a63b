// SPDX-License-Identifier: MIT
// Start with try_sanitize_html(): it checks the cost, then rewrite() parses with Gumbo and the writer writes new HTML
// from the tree. Invariant: at every moment `out_` is well nested, every element is where allow_list.hpp permits it,
// and input reaches `out_` only through write_escaped(). So a tree that Gumbo builds wrongly can at worst look odd.
#include <agora/markup/allow_list.hpp>
#include <agora/markup/parse_cost.hpp>
#include <agora/markup/sanitize.hpp>
#include <memory_resource>
#include <span>

namespace agora::markup {

namespace {

constexpr std::size_t max_shown_source = 64 << 10;

/// Appends escaped text. Control characters are left out, because they have no meaning in HTML, and a carriage return
/// would not survive parsing.
void write_escaped(std::string& out, std::string_view text)
{
    for (const char c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\t':
            case '\n':
                out += c;
                break;
            default:
                if (static_cast<unsigned char>(c) >= ' ' && c != '\x7F') out += c;
        }
    }
}

/// The context in which a node is written.
struct write_context {
    content_model content = content_model::flow;
    bool in_link = false;
    int depth = 0;
};

/// Writes the allowed part of a tree as HTML.
class writer {
 public:
    explicit writer(std::size_t expected) { out_.reserve(expected + expected / 4); }

    void children(const GumboVector& nodes, write_context context)
    {
        for (void* node : std::span{nodes.data, nodes.length}) write(*static_cast<const GumboNode*>(node), context);
    }

    std::string take() { return std::move(out_); }

 private:
    void write(const GumboNode& node, write_context context)
    {
        switch (node.type) {
            case GUMBO_NODE_TEXT:
            case GUMBO_NODE_CDATA:
                if (!forbids_text(context.content)) write_text(node.v.text.text);
                break;
            case GUMBO_NODE_WHITESPACE:
                write_text(node.v.text.text);
                break;
            case GUMBO_NODE_ELEMENT:
                write_element(node.v.element, context);
                break;
            case GUMBO_NODE_DOCUMENT:
            case GUMBO_NODE_COMMENT:
            case GUMBO_NODE_TEMPLATE:
                break;
        }
    }

    void write_text(std::string_view text)
    {
        // A parser drops the newline directly after <pre>, so a newline that belongs to the text is written twice.
        if (text.starts_with('\n') && out_.ends_with("<pre>")) out_ += '\n';
        write_escaped(out_, text);
    }

    void write_element(const GumboElement& element, write_context context)
    {
        if (element.tag_namespace != GUMBO_NAMESPACE_HTML || is_dropped(element.tag)) return;
        const element_rule* rule = find_rule(element.tag);
        const bool link = element.tag == GUMBO_TAG_A;
        const bool fits = rule != nullptr && context.depth < max_depth && accepts(context.content, rule->category) &&
                          !(link && context.in_link) && write_start_tag(element, *rule);
        if (!fits) {
            children(element.children, context);
        } else if (rule->content != content_model::nothing) {
            children(element.children, {rule->content, context.in_link || link, context.depth + 1});
            out_.append("</").append(gumbo_normalized_tagname(element.tag)).append(">");
        }
    }

    /// Writes the start tag. Returns false and writes nothing when a required attribute is missing or not allowed.
    bool write_start_tag(const GumboElement& element, const element_rule& rule)
    {
        const std::size_t start = out_.size();
        out_.append("<").append(gumbo_normalized_tagname(element.tag));
        if (element.tag == GUMBO_TAG_INPUT) out_ += " type=\"checkbox\" disabled=\"\"";
        bool has_url = false;
        for (const attribute_rule& a : rule.attributes) {
            if (!write_attribute(element, a)) continue;
            has_url = has_url || a.kind == attribute_kind::link || a.kind == attribute_kind::image;
        }
        if (!is_complete(element, has_url)) {
            out_.resize(start);
            return false;
        }
        if (element.tag == GUMBO_TAG_A) out_ += " rel=\"nofollow ugc noopener\"";
        out_ += '>';
        return true;
    }

    bool write_attribute(const GumboElement& element, const attribute_rule& rule)
    {
        const GumboAttribute* given = gumbo_get_attribute(&element.attributes, rule.name);
        if (given == nullptr) return false;
        const auto value = safe_value(rule.kind, given->value);
        if (!value) return false;
        out_.append(" ").append(rule.name).append("=\"");
        write_escaped(out_, *value);
        out_ += '"';
        return true;
    }

    /// A link needs a target, an image needs a source, and the only input allowed is the checkbox of a task list.
    static bool is_complete(const GumboElement& element, bool has_url)
    {
        if (element.tag == GUMBO_TAG_A || element.tag == GUMBO_TAG_IMG) return has_url;
        if (element.tag != GUMBO_TAG_INPUT) return true;
        const GumboAttribute* type = gumbo_get_attribute(&element.attributes, "type");
        return type != nullptr && std::string_view{type->value} == "checkbox";
    }

    std::string out_;
};

void* allocate(void* memory, std::size_t size)
{
    return static_cast<std::pmr::memory_resource*>(memory)->allocate(size);
}

/// Parses and rewrites. Gumbo would destroy the tree recursively, so the tree is never destroyed; its memory is freed
/// all at once instead. Requires: parse_cost(html) <= max_parse_cost.
std::string rewrite(std::string_view html)
{
    std::pmr::monotonic_buffer_resource memory{4096 + 4 * html.size()};
    GumboOptions options = kGumboDefaultOptions;
    options.allocator = allocate;
    options.deallocator = [](void*, void*) {};
    options.userdata = &memory;
    options.fragment_context = GUMBO_TAG_BODY;
    options.max_errors = 0;
    const GumboOutput* tree = gumbo_parse_with_options(&options, html.data(), html.size());
    writer w{html.size()};
    w.children(tree->root->v.element.children, {});
    return w.take();
}

}  // namespace

std::optional<std::string> try_sanitize_html(std::string_view html)
{
    if (html.size() > max_html || parse_cost(html) > max_parse_cost) return std::nullopt;
    std::string safe = rewrite(html);
    if (safe.size() > max_html) return std::nullopt;
    return safe;
}

std::string sanitize_html(std::string_view html)
{
    if (auto safe = try_sanitize_html(html)) return *std::move(safe);
    std::string source;
    write_escaped(source, html.substr(0, max_shown_source));
    return rewrite(source);
}

}  // namespace agora::markup
