// SPDX-License-Identifier: MIT
// Estimates what parsing HTML with Gumbo costs. Start with parse_cost(): one pass over the tags, with a stack of open
// elements. Invariant: the estimate is never below the real cost. So the pass follows only constructs that every parser
// reads alike (plain tags and simple comments); at the first other construct it stops and adds the worst cost for the
// rest of the text.
#include <agora/markup/allow_list.hpp>
#include <agora/markup/parse_cost.hpp>
#include <algorithm>
#include <vector>

namespace agora::markup {

namespace {

constexpr std::string_view space = " \t\n\f\r";

/// A start or end tag as written.
struct tag_text {
    std::string_view name;
    std::size_t attributes = 0;
    bool closing = false;
    std::size_t end = 0;  ///< the position after the '>'
};

bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// The position after the attribute at `at`, by the tokenizer states of the HTML standard (13.2.5.32 to 13.2.5.39).
std::size_t skip_attribute(std::string_view html, std::size_t at)
{
    at = std::min(html.find_first_of(" \t\n\f\r/>=", at + 1), html.size());
    const std::size_t equals = std::min(html.find_first_not_of(space, at), html.size());
    if (equals == html.size() || html[equals] != '=') return at;
    const std::size_t value = std::min(html.find_first_not_of(space, equals + 1), html.size());
    if (value == html.size() || html[value] == '>') return value;
    if (html[value] != '"' && html[value] != '\'')
        return std::min(html.find_first_of(" \t\n\f\r>", value), html.size());
    const std::size_t quote = html.find(html[value], value + 1);
    return quote == std::string_view::npos ? html.size() : quote + 1;
}

/// Reads `<name ...>` or `</name ...>` at `at`. False when the text ends before the tag does.
bool read_tag(std::string_view html, std::size_t at, tag_text& tag)
{
    tag.closing = html[at + 1] == '/';
    const std::size_t name = at + (tag.closing ? 2 : 1);
    at = std::min(html.find_first_of(" \t\n\f\r/>", name), html.size());
    tag.name = html.substr(name, at - name);
    while (true) {
        at = std::min(html.find_first_not_of(" \t\n\f\r/", at), html.size());
        if (at == html.size()) return false;
        if (html[at] == '>') break;
        ++tag.attributes;
        at = skip_attribute(html, at);
    }
    tag.end = at + 1;
    return true;
}

GumboTag tag_of(std::string_view name)
{
    return gumbo_tagn_enum(name.data(), static_cast<unsigned>(std::min<std::size_t>(name.size(), 32)));
}

bool is_void_element(GumboTag tag) noexcept
{
    const element_rule* rule = find_rule(tag);
    return rule != nullptr && rule->content == content_model::nothing;
}

/// The position after a comment at `at`, if every parser ends it at the same place; npos for any other comment.
std::size_t skip_plain_comment(std::string_view html, std::size_t at)
{
    if (html.substr(at, 4) != "<!--") return std::string_view::npos;
    const std::size_t end = html.find_first_of("<>", at + 4);
    if (end == std::string_view::npos || end < at + 7 || html.substr(end - 2, 3) != "-->")
        return std::string_view::npos;
    return end + 1;
}

/// The cost of foster parenting: content inside a table but outside its cells is moved in front of the table, and for
/// each such node Gumbo walks over everything that is already there.
class foster_parenting {
 public:
    /// The cost of a tag and of the text before it.
    std::size_t cost_of(std::string_view text, GumboTag tag, bool closing)
    {
        std::size_t cost = 0;
        const bool has_text = text.find_first_not_of(space) != std::string_view::npos;
        nodes_ += has_text ? 2 : 1;
        const bool fostered = tables_ > 0 && !in_cell_;
        if (fostered && has_text) cost += nodes_ / steps_in_a_unit;
        if (!is_structure(tag)) return fostered ? cost + nodes_ / steps_in_a_unit : cost;
        in_cell_ = !closing && (tag == GUMBO_TAG_TD || tag == GUMBO_TAG_TH);
        return cost;
    }
    void opened(GumboTag tag) { tables_ += tag == GUMBO_TAG_TABLE ? 1 : 0; }
    void closed(GumboTag tag) { tables_ -= tag == GUMBO_TAG_TABLE ? 1 : 0; }

 private:
    static constexpr std::size_t steps_in_a_unit = 64;  ///< nodes walked over that count as one unit of cost
    static bool is_structure(GumboTag tag)
    {
        return tag == GUMBO_TAG_TABLE || tag == GUMBO_TAG_CAPTION || tag == GUMBO_TAG_COLGROUP ||
               tag == GUMBO_TAG_COL || tag == GUMBO_TAG_TBODY || tag == GUMBO_TAG_THEAD || tag == GUMBO_TAG_TFOOT ||
               tag == GUMBO_TAG_TR || tag == GUMBO_TAG_TD || tag == GUMBO_TAG_TH;
    }

    std::size_t nodes_ = 0;
    std::size_t tables_ = 0;
    bool in_cell_ = false;
};

/// The worst cost of `size` bytes of unknown content: one half opens formatting elements, which are reopened in every
/// block of the other half.
std::size_t worst_cost(std::size_t size) noexcept { return size * size / 64; }

}  // namespace

std::size_t parse_cost(std::string_view html)
{
    std::vector<std::string_view> open;
    foster_parenting foster;
    std::size_t cost = 0;
    std::size_t text = 0;  // start of the text before the next tag
    for (std::size_t at = html.find('<'); at < html.size(); at = html.find('<', at)) {
        const char next = at + 1 < html.size() ? html[at + 1] : ' ';
        const bool closes = next == '/' && at + 2 < html.size() && is_letter(html[at + 2]);
        if (!closes && !is_letter(next)) {
            if (next != '!' && next != '?' && next != '/') {
                ++at;  // a lone '<' is text
                continue;
            }
            const std::size_t end = skip_plain_comment(html, at);
            if (end == std::string_view::npos) return cost + worst_cost(html.size() - at);
            at = end;
            continue;
        }
        tag_text tag;
        if (!read_tag(html, at, tag)) return cost + worst_cost(html.size() - at);
        const GumboTag known = tag_of(tag.name);
        // Elements with raw text have tokenizer rules of their own, and <html> collects the attributes of every
        // repeated <html>.
        if (is_dropped(known)) return cost + worst_cost(html.size() - at);
        cost += 1 + open.size() + tag.attributes * tag.attributes;
        cost += foster.cost_of(html.substr(text, at - text), known, tag.closing);
        if (cost > max_parse_cost) return cost;
        if (!tag.closing) {
            if (!is_void_element(known)) open.push_back(tag.name);
            foster.opened(known);
        } else if (!open.empty() && open.back() == tag.name) {
            open.pop_back();
            foster.closed(known);
        }
        at = tag.end;
        text = at;
    }
    return cost;
}

}  // namespace agora::markup
