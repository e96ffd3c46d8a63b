// SPDX-License-Identifier: MIT
// The lists of categories and of tags, paged by cursor.
#include <agora/features/categories/categories.hpp>

namespace agora::categories {

asio::awaitable<outcome<api::list<category>>> list(store& s, const storage::cursor_signer& signer,
                                                   const api::page_query& q)
{
    const api::cursors cursors{signer, "categories", {}};
    const outcome<api::window> w = cursors.read(q);
    if (!w) co_return w.error();

    auto rows = co_await s.list(*w);
    auto page = api::make_list(api::placed_by(std::move(rows), [](const category& c) { return c.id; }), *w, cursors);
    if (w->include_total) api::set_total(page.page, co_await s.count(api::max_total + 1));
    co_return std::move(page);
}

asio::awaitable<outcome<api::list<tag>>> tags(store& s, const storage::cursor_signer& signer, const api::page_query& q)
{
    const api::cursors cursors{signer, "tags", {}};
    const outcome<api::window> w = cursors.read(q);
    if (!w) co_return w.error();

    auto rows = co_await s.tags(*w);
    auto page = api::make_list(api::placed_by(std::move(rows), [](const tag& t) { return t.posts; }), *w, cursors);
    if (w->include_total) api::set_total(page.page, co_await s.count_tags(api::max_total + 1));
    co_return std::move(page);
}

}  // namespace agora::categories
