// SPDX-License-Identifier: MIT
// A small parser for the output of sanitize_html(). Start with read_sanitized(); tree_reader reads tags and text, and
// relies on well-nested input. It never fails: input of any other kind gives some tree, of limited depth.
#include <agora/markup/allow_list.hpp>
#include <agora/markup/html_tree.hpp>
#include <algorithm>

namespace agora::markup {

namespace {

std::string decode_entities(std::string_view text)
{
    constexpr std::pair<std::string_view, char> entities[] = {
        {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}};
    std::string out;
    while (!text.empty()) {
        const auto plain = std::min(text.find('&'), text.size());
        out.append(text.substr(0, plain));
        text.remove_prefix(plain);
        if (text.empty()) break;
        const auto* e = std::ranges::find_if(entities, [&](const auto& x) { return text.starts_with(x.first); });
        const bool known = e != std::end(entities);
        out += known ? e->second : '&';
        text.remove_prefix(known ? e->first.size() : 1);
    }
    return out;
}

/// Reads attributes of the form ` name="value"`, the only one that sanitize_html() writes.
void read_attributes(std::string_view text, html_node& node)
{
    for (auto equals = text.find("=\""); equals != std::string_view::npos; equals = text.find("=\"")) {
        const auto end = std::min(text.find('"', equals + 2), text.size());
        auto name = text.substr(0, equals);
        name.remove_prefix(std::min(name.find_first_not_of(' '), name.size()));
        node.attributes[name] = decode_entities(text.substr(equals + 2, end - equals - 2));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

bool is_void(GumboTag tag)
{
    const element_rule* rule = find_rule(tag);
    return rule != nullptr && rule->content == content_model::nothing;
}

class tree_reader {
 public:
    explicit tree_reader(std::string_view html) : rest_{html} {}

    /// Reads children into a node until its closing tag. The recursion is limited to max_tree_depth.
    void read(html_node& into, int depth = 0)
    {
        while (!rest_.empty()) {
            if (rest_[0] != '<') {
                const auto end = std::min(rest_.find('<'), rest_.size());
                into.children.emplace_back().text = decode_entities(rest_.substr(0, end));
                rest_.remove_prefix(end);
                continue;
            }
            const auto end = std::min(rest_.find('>'), rest_.size() - 1);
            const auto tag = rest_.substr(1, end - 1);
            rest_.remove_prefix(end + 1);
            if (tag.starts_with('/')) return;
            html_node& child = into.children.emplace_back();
            const auto name = tag.substr(0, tag.find(' '));
            child.tag = gumbo_tagn_enum(name.data(), static_cast<unsigned>(name.size()));
            read_attributes(tag.substr(name.size()), child);
            if (!is_void(child.tag) && depth < max_tree_depth) read(child, depth + 1);
        }
    }

 private:
    static constexpr int max_tree_depth = 200;
    std::string_view rest_;
};

}  // namespace

std::string_view html_node::attribute(std::string_view name) const
{
    const auto found = attributes.find(name);
    return found == attributes.end() ? std::string_view{} : found->second;
}

html_node read_sanitized(std::string_view html)
{
    html_node root;
    tree_reader{html}.read(root);
    return root;
}

std::string text_of(const html_node& node)
{
    std::string all = node.text;
    for (const html_node& child : node.children) all += text_of(child);
    return all;
}

bool contains(const html_node& node, GumboTag tag)
{
    return node.tag == tag || std::ranges::any_of(node.children, [&](const auto& c) { return contains(c, tag); });
}

}  // namespace agora::markup
