// SPDX-License-Identifier: MIT
// The operations of posts.hpp. create(), replace() and revise() check all fields of a draft, render its Markdown and
// store it; list() checks the filter and pages by cursor.
#include <agora/api/shown_line.hpp>
#include <agora/api/text.hpp>
#include <agora/features/posts/posts.hpp>
#include <agora/markup/markdown.hpp>
#include <algorithm>
#include <iterator>
#include <larder/ascii.hpp>

namespace agora::field_codes {
const field_code too_many{"too_many", "The list has more items than the message says."};
const field_code unsupported{"unsupported", "The server has no such function yet."};
}  // namespace agora::field_codes

namespace agora::posts {

namespace {

bool is_tag(std::string_view text) noexcept
{
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '#' || c == '.' || c == '-';
    };
    return !text.empty() && text.size() <= max_tag && std::ranges::all_of(text, allowed);
}

/// Tags are stored in lower case: `C++` becomes `c++`.
std::string tag_of(std::string_view typed)
{
    std::string tag{larder::trimmed(typed)};
    std::ranges::transform(tag, tag.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return tag;
}

void check_tags(const std::vector<std::string>& tags, std::vector<field_error>& errors)
{
    if (tags.size() > max_tags) {
        errors.emplace_back("tags", field_codes::too_many, "must be at most " + std::to_string(max_tags) + " tags");
        return;
    }
    for (std::size_t i = 0; i < tags.size(); ++i) {
        if (is_tag(tags[i])) continue;
        errors.emplace_back("tags[" + std::to_string(i) + "]", field_codes::invalid,
                            "must be 1 to 35 of a-z, 0-9 and the characters + # . -");
    }
}

/// Checks a draft. Returns it as it is stored, without the rendered body, or a failure that names every invalid field.
asio::awaitable<outcome<content>> checked(store& s, const draft& d)
{
    content c;
    std::vector<field_error> errors;
    c.title = larder::trimmed(api::shown_line(d.title));
    c.body = d.body;
    api::check_length("title", c.title, max_title, errors);
    if (api::has_control_characters(c.title))
        errors.emplace_back("title", field_codes::invalid, "must be one line of plain text");
    api::check_length("body", c.body, max_body, errors);
    if (d.tags) {
        std::ranges::transform(*d.tags, std::back_inserter(c.tags), tag_of);
        check_tags(c.tags, errors);
        std::ranges::sort(c.tags);
        c.tags.erase(std::unique(c.tags.begin(), c.tags.end()), c.tags.end());
    }
    if (d.category) {
        c.category_id = co_await s.category_id(*d.category);
        if (!c.category_id) errors.emplace_back("category", field_codes::unknown, "must be the slug of a category");
    }
    if (!errors.empty()) co_return failure::invalid(std::move(errors));
    co_return std::move(c);
}

asio::awaitable<outcome<void>> render(markup::renderer& renderer, content& c)
{
    outcome<std::string> html = co_await renderer.render(c.body);
    if (!html) co_return html.error();
    c.body_html = *std::move(html);
    c.excerpt = markup::excerpt(c.body_html, excerpt_size);
    co_return outcome<void>{};
}

/// Stores an edit whose precondition has been checked.
asio::awaitable<outcome<post>> store_edit(store& s, api::authoring by, const post& current, const draft& d)
{
    outcome<content> c = co_await checked(s, d);
    if (!c) co_return c.error();
    if (c->body == current.body) {
        // An unchanged body keeps its HTML, which may come from an import.
        c->body_html = current.body_html;
        c->excerpt = current.excerpt;
    } else {
        const outcome<void> rendered = co_await render(by.renderer, *c);
        if (!rendered) co_return rendered.error();
    }
    co_return co_await s.update(current.id, current.version, *c, by.clock.wall());
}

/// The current post, once the edit's permission and precondition have been checked.
asio::awaitable<outcome<post>> editable(store& s, api::edit e)
{
    outcome<post> current = co_await find(s, e.id);
    if (!current) co_return current;
    const outcome<void> allowed = api::check_edit(e, current->author.id, current->version);
    if (!allowed) co_return allowed.error();
    co_return current;
}

draft changed(const post& current, const change& wanted)
{
    draft d;
    d.title = wanted.title.value_or(current.title);
    d.body = wanted.body.value_or(current.body);
    d.category = wanted.category ? wanted.category : current.category;
    if (d.category == "") d.category.reset();
    d.tags = wanted.tags.value_or(current.tags);
    return d;
}

struct named_order {
    std::string_view name;
    order by;
};
constexpr named_order orders[] = {
    {sort_words[0], order::newest}, {sort_words[1], order::top}, {sort_words[2], order::active}};

/// Reads a filter value. Slugs, tags and usernames are ASCII; PostgreSQL fails on a comparison with invalid UTF-8.
std::string word(const char* field, const std::optional<std::string>& given, std::vector<field_error>& errors)
{
    if (!given) return {};
    if (std::ranges::all_of(*given, [](char c) { return c > ' ' && c <= '~'; })) return *given;
    errors.emplace_back(field, field_codes::invalid, "must be a single word of ASCII characters");
    return {};
}

std::string sort_of(const list_query& q) { return q.sort && !q.sort->empty() ? *q.sort : std::string{default_sort}; }

/// Hot ranking and full-text search do not exist yet; requests for them are refused rather than ignored.
outcome<filter> read_filter(const list_query& q)
{
    std::vector<field_error> errors;
    filter f;
    const auto* found = std::ranges::find(orders, sort_of(q), &named_order::name);
    if (found == std::end(orders)) {
        errors.emplace_back("sort", field_codes::invalid, "must be one of new, top, active");
    } else {
        f.by = found->by;
    }
    if (q.q && !q.q->empty())
        errors.emplace_back("q", field_codes::unsupported, "there is no full-text search yet; omit this parameter");
    f.category = word("category", q.category, errors);
    f.tag = tag_of(word("tag", q.tag, errors));
    f.author = users::normalized_username(word("author", q.author, errors));
    if (!errors.empty()) return failure::invalid(std::move(errors));
    return f;
}

}  // namespace

asio::awaitable<outcome<api::list<post_summary>>> list(store& s, const storage::cursor_signer& signer,
                                                       const list_query& q)
{
    const outcome<filter> f = read_filter(q);
    if (!f) co_return f.error();
    const api::cursors cursors{signer, sort_of(q), {f->category, f->tag, f->author}};
    const outcome<api::window> w = cursors.read(q);
    if (!w) co_return w.error();

    auto rows = co_await s.list(*f, *w);
    api::list<post_summary> page = api::make_list(std::move(rows), *w, cursors);
    if (w->include_total) api::set_total(page.page, co_await s.count(*f, api::max_total + 1));
    co_return std::move(page);
}

asio::awaitable<outcome<post>> find(store& s, std::int64_t id)
{
    std::optional<post> found = co_await s.find(id);
    if (!found) co_return failure::not_found("this post");
    co_return *std::move(found);
}

asio::awaitable<outcome<post>> create(store& s, api::authoring by, std::int64_t author_id, const draft& d)
{
    outcome<content> c = co_await checked(s, d);
    if (!c) co_return c.error();
    const outcome<void> rendered = co_await render(by.renderer, *c);
    if (!rendered) co_return rendered.error();
    const auto now = by.clock.wall();
    if (by.by_form) c->once_since = now - api::same_form_within;
    co_return co_await s.insert(*c, author_id, now);
}

asio::awaitable<outcome<post>> replace(store& s, api::authoring by, api::edit e, const draft& d)
{
    outcome<post> current = co_await editable(s, e);
    if (!current) co_return current;
    co_return co_await store_edit(s, by, *current, d);
}

asio::awaitable<outcome<post>> revise(store& s, api::authoring by, api::edit e, const change& wanted)
{
    outcome<post> current = co_await editable(s, e);
    if (!current) co_return current;
    const draft d = changed(*current, wanted);
    co_return co_await store_edit(s, by, *current, d);
}

asio::awaitable<outcome<void>> remove(store& s, const larder::clock& clock, api::edit e)
{
    const outcome<post> current = co_await editable(s, e);
    if (!current) co_return current.error();
    co_return co_await s.remove(e.id, current->version, clock.wall());
}

}  // namespace agora::posts
