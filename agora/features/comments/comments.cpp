// SPDX-License-Identifier: MIT
#include <agora/features/comments/comments.hpp>

namespace agora::comments {

namespace {

std::int64_t time_of(const comment& c) { return c.created_at.time_since_epoch().count(); }

}  // namespace

asio::awaitable<outcome<comment>> one(store& s, std::int64_t id)
{
    std::optional<comment> found = co_await s.find(id);
    if (!found) co_return failure::not_found("this comment");
    co_return *std::move(found);
}

asio::awaitable<outcome<rest::list<comment>>> flat(store& s, const storage::cursor_signer& signer, std::int64_t post_id,
                                                   const list_query& q)
{
    const std::string post = std::to_string(post_id);
    const rest::cursors cursors{signer, "flat", {post}};
    const outcome<rest::window> w = cursors.read(q);
    if (!w) co_return w.error();

    auto rows = co_await s.flat(post_id, *w);
    rest::list<comment> page = rest::make_list(rest::placed_by(std::move(rows), time_of), *w, cursors);
    if (w->include_total) rest::set_total(page.page, co_await s.count(post_id, false, rest::max_total + 1));
    co_return std::move(page);
}

asio::awaitable<outcome<rest::list<thread>>> tree(store& s, const storage::cursor_signer& signer, std::int64_t post_id,
                                                  const list_query& q)
{
    const std::string post = std::to_string(post_id);
    const rest::cursors cursors{signer, "tree", {post}};
    const outcome<rest::window> w = cursors.read(q);
    if (!w) co_return w.error();

    auto rows = co_await s.threads(post_id, *w);
    thread_page built = build_threads(std::move(rows), w->limit);
    rest::list<thread> page;
    page.page.limit = w->limit;
    page.page.has_more = built.has_more;
    if (built.has_more) {
        const comment& last = built.threads.back();
        page.page.next_cursor = cursors.write({time_of(last), last.id});
    }
    page.data = std::move(built.threads);
    if (w->include_total) rest::set_total(page.page, co_await s.count(post_id, true, rest::max_total + 1));
    co_return std::move(page);
}

}  // namespace agora::comments
