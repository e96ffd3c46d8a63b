// SPDX-License-Identifier: MIT
#include <agora/features/categories/categories.hpp>

namespace agora::categories {

asio::awaitable<outcome<rest::list<category>>> list(store& s, const storage::cursor_signer& signer,
                                                    const rest::page_query& q)
{
    const rest::cursors cursors{signer, "categories", {}};
    const outcome<rest::window> w = cursors.read(q);
    if (!w) co_return w.error();

    auto rows = co_await s.list(*w);
    auto page = rest::make_list(rest::placed_by(std::move(rows), [](const category& c) { return c.id; }), *w, cursors);
    if (w->include_total) rest::set_total(page.page, co_await s.count(rest::max_total + 1));
    co_return std::move(page);
}

asio::awaitable<outcome<rest::list<tag>>> tags(store& s, const storage::cursor_signer& signer,
                                               const rest::page_query& q)
{
    const rest::cursors cursors{signer, "tags", {}};
    const outcome<rest::window> w = cursors.read(q);
    if (!w) co_return w.error();

    auto rows = co_await s.tags(*w);
    auto page = rest::make_list(rest::placed_by(std::move(rows), [](const tag& t) { return t.posts; }), *w, cursors);
    if (w->include_total) rest::set_total(page.page, co_await s.count_tags(rest::max_total + 1));
    co_return std::move(page);
}

}  // namespace agora::categories
