// SPDX-License-Identifier: MIT
// The route table as a tree of path segments. add() inserts a pattern, match() finds a path. At each node, static
// segments are tried first, then an integer parameter, then a text parameter; a branch that does not lead to a route is
// abandoned and the next one is tried. match() allocates nothing.
#include <agora/http/router.hpp>
#include <cassert>
#include <map>

namespace agora::http {

/// One path segment. Because matching backtracks, `/users/{id}` and `/users/list` never hide each other.
struct router::node {
    std::map<std::string, std::unique_ptr<node>, std::less<>> fixed;
    std::unique_ptr<node> integer;
    std::unique_ptr<node> text;
    std::array<const route*, 8> by_verb{};

    bool is_end() const noexcept
    {
        return std::any_of(by_verb.begin(), by_verb.end(), [](const route* r) { return r != nullptr; });
    }
};

namespace {

bool all_digits(std::string_view s) noexcept
{
    return !s.empty() && std::all_of(s.begin(), s.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Removes the first segment from a path that starts with '/', and returns it.
std::string_view next_segment(std::string_view& rest) noexcept
{
    rest.remove_prefix(1);
    const auto end = std::min(rest.find('/'), rest.size());
    const auto segment = rest.substr(0, end);
    rest.remove_prefix(end);
    return segment;
}

/// The node for the rest of a path, or null. Stores the path parameters in `r`, from number `params` on.
template <class Node>
const Node* find(const Node& at, std::string_view rest, std::size_t params, request& r) noexcept
{
    if (rest.empty()) return at.is_end() ? &at : nullptr;
    const auto segment = next_segment(rest);
    if (const auto it = at.fixed.find(segment); it != at.fixed.end()) {
        if (const auto* found = find(*it->second, rest, params, r)) return found;
    }
    if (segment.empty() || params == max_path_params) return nullptr;
    r.set_path_param(params, segment);
    if (at.integer && all_digits(segment)) {
        if (const auto* found = find(*at.integer, rest, params + 1, r)) return found;
        r.set_path_param(params, segment);
    }
    return at.text ? find(*at.text, rest, params + 1, r) : nullptr;
}

/// Whether a browser shows the response: its requests for pages name text/html, those of scripts do not.
bool accepts_html(const request& r) noexcept
{
    if (r.path.starts_with("/api/")) return false;
    bool html = false;
    r.each_line("accept", [&](std::string_view line) { html |= line.find("text/html") != std::string_view::npos; });
    return html;
}

}  // namespace

router::router() : root_{std::make_unique<node>()} {}
router::~router() = default;

route& router::add(std::unique_ptr<route> made)
{
    auto& added = *routes_.emplace_back(std::move(made));
    const auto& is_integer = added.doc.path_param_is_integer;
    assert(added.pattern.starts_with('/'));
    node* at = root_.get();
    std::size_t params = 0;
    for (std::string_view rest = added.pattern; !rest.empty();) {
        const auto segment = next_segment(rest);
        auto* child = [&]() -> std::unique_ptr<node>* {
            if (!segment.starts_with('{')) return &at->fixed[std::string{segment}];
            assert(params < is_integer.size() && "a {parameter} needs a path<T> in its handler");
            return is_integer[params++] ? &at->integer : &at->text;
        }();
        if (!*child) *child = std::make_unique<node>();
        at = child->get();
    }
    assert(params == is_integer.size() && "a path<T> needs a {parameter} in the pattern");
    added.number = routes_.size() - 1;
    added.least_role = added.doc.least_role;
    added.doc.tag = section_;
    auto& slot = at->by_verb[static_cast<std::size_t>(added.method)];
    assert(slot == nullptr && "the same route twice");
    slot = &added;
    return added;
}

match_result router::match(request& r) const noexcept
{
    const auto* end = find(*root_, r.path, 0, r);
    if (end == nullptr) {
        if (for_browsers_ && accepts_html(r)) r.shown_by = for_browsers_.get();
        return {};
    }
    match_result m;
    for (std::size_t v = 0; v < end->by_verb.size(); ++v) {
        if (end->by_verb[v] != nullptr) m.allowed |= 1U << v;
    }
    const auto wanted = r.method == verb::head ? verb::get : r.method;
    m.found = end->by_verb[static_cast<std::size_t>(wanted)];
    const auto* shown_like = m.found;
    for (std::size_t v = 0; shown_like == nullptr && v < end->by_verb.size(); ++v) shown_like = end->by_verb[v];
    r.shown_by = shown_like->shown_by;
    return m;
}

}  // namespace agora::http
