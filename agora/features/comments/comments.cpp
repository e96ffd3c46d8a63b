// SPDX-License-Identifier: MIT
// The operations of comments.hpp: each checks its arguments, then calls the store. flat() and tree() page the two forms
// of the list.
#include <agora/api/text.hpp>
#include <agora/features/comments/comments.hpp>

namespace agora::comments {

namespace {

std::int64_t time_of(const comment& c) { return c.created_at.time_since_epoch().count(); }

asio::awaitable<outcome<content>> checked(markup::renderer& renderer, const std::string& body)
{
    std::vector<field_error> errors;
    api::check_length("body", body, max_body, errors);
    if (!errors.empty()) co_return failure::invalid(std::move(errors));
    outcome<std::string> html = co_await renderer.render(body);
    if (!html) co_return html.error();
    content c;
    c.body = body;
    c.body_html = *std::move(html);
    co_return c;
}

}  // namespace

asio::awaitable<outcome<comment>> find(store& s, std::int64_t id)
{
    std::optional<comment> found = co_await s.find(id);
    if (!found) co_return failure::not_found("this comment");
    co_return *std::move(found);
}

asio::awaitable<outcome<comment>> create(store& s, api::authoring by, std::int64_t post_id, std::int64_t author_id,
                                         const draft& d)
{
    outcome<content> c = co_await checked(by.renderer, d.body);
    if (!c) co_return c.error();
    const auto now = by.clock.wall();
    if (by.by_form) c->once_since = now - api::same_form_within;
    co_return co_await s.insert(post_id, d.parent_id, *c, author_id, now);
}

asio::awaitable<outcome<comment>> revise(store& s, api::authoring by, api::edit e, const change& wanted)
{
    const outcome<comment> current = co_await find(s, e.id);
    if (!current) co_return current.error();
    const outcome<void> allowed = api::check_edit(e, current->author.id, current->version);
    if (!allowed) co_return allowed.error();
    const outcome<content> c = co_await checked(by.renderer, wanted.body);
    if (!c) co_return c.error();
    co_return co_await s.update(e.id, current->version, *c, by.clock.wall());
}

asio::awaitable<outcome<void>> remove(store& s, const larder::clock& clock, api::edit e)
{
    const outcome<comment> current = co_await find(s, e.id);
    if (!current) co_return current.error();
    const outcome<void> allowed = api::check_edit(e, current->author.id, current->version);
    if (!allowed) co_return allowed.error();
    co_return co_await s.remove(e.id, current->version, clock.wall());
}

asio::awaitable<outcome<api::list<comment>>> flat(store& s, const storage::cursor_signer& signer, std::int64_t post_id,
                                                  const list_query& q)
{
    const std::string post = std::to_string(post_id);
    const api::cursors cursors{signer, "flat", {post}};
    const outcome<api::window> w = cursors.read(q);
    if (!w) co_return w.error();

    auto rows = co_await s.flat(post_id, *w);
    const std::size_t fits = fitting(rows);
    const bool cut = fits < rows.size();
    if (cut) rows.resize(fits);
    api::list<comment> page = api::make_list(api::placed_by(std::move(rows), time_of), *w, cursors);
    if (cut && !page.page.has_more) {
        page.page.has_more = true;
        page.page.next_cursor = cursors.write({time_of(page.data.back()), page.data.back().id});
    }
    if (w->include_total) api::set_total(page.page, co_await s.count(post_id, false, api::max_total + 1));
    co_return std::move(page);
}

asio::awaitable<outcome<api::list<thread>>> tree(store& s, const storage::cursor_signer& signer, std::int64_t post_id,
                                                 const list_query& q)
{
    const std::string post = std::to_string(post_id);
    const api::cursors cursors{signer, "tree", {post}};
    const outcome<api::window> w = cursors.read(q);
    if (!w) co_return w.error();

    auto rows = co_await s.threads(post_id, *w);
    thread_page built = build_threads(std::move(rows), w->limit);
    api::list<thread> page;
    page.page.limit = w->limit;
    page.page.has_more = built.has_more;
    if (built.has_more) {
        const comment& last = built.threads.back();
        page.page.next_cursor = cursors.write({time_of(last), last.id});
    }
    page.data = std::move(built.threads);
    if (w->include_total) api::set_total(page.page, co_await s.count(post_id, true, api::max_total + 1));
    co_return std::move(page);
}

}  // namespace agora::comments
