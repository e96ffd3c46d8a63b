// SPDX-License-Identifier: MIT
// The operations of users.hpp: each checks its arguments, then calls the store. update() and the rules for names are
// strict about text that ends up in pages of other users; the names themselves are checked in names.cpp.
#include <agora/api/text.hpp>
#include <agora/features/users/users.hpp>
#include <agora/markup/fold.hpp>
#include <algorithm>

namespace agora::users {

std::string normalized_username(std::string_view written) { return markup::folded(written); }

bool is_username(std::string_view normalized) noexcept
{
    return !normalized.empty() && std::ranges::all_of(normalized, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
    });
}

namespace {

std::int64_t id_of(const user& u) { return u.id; }

/// Whether the text may be an avatar URL. The check is strict, because the URL ends up in pages that others see.
bool is_web_address(std::string_view text) noexcept
{
    const bool known = text.starts_with("https://") || text.starts_with("http://");
    return known && text.size() <= max_avatar_url && std::ranges::all_of(text, [](char c) {
               return c > ' ' && c < 0x7F && c != '"' && c != '<' && c != '>' && c != '\\';
           });
}

}  // namespace

asio::awaitable<outcome<user>> find(store& s, std::int64_t id, std::int64_t viewer)
{
    std::optional<user> found = co_await s.find(id, viewer);
    if (!found) co_return failure::not_found("this user");
    co_return std::move(*found);
}

asio::awaitable<outcome<user>> by_name(store& s, std::string_view written, std::int64_t viewer)
{
    const std::string name = normalized_username(written);
    if (!is_username(name)) co_return failure::not_found("this user");
    std::optional<user> found = co_await s.find_by_name(name, viewer);
    if (!found) co_return failure::not_found("this user");
    co_return std::move(*found);
}

asio::awaitable<outcome<api::list<user>>> list(store& s, const storage::cursor_signer& signer, std::int64_t viewer,
                                               const list_query& q)
{
    const std::string search = markup::folded(q.search.value_or(""));
    const api::cursors cursors{signer, "users", {search}};
    const outcome<api::window> w = cursors.read(q);
    if (!w) co_return w.error();
    auto rows = co_await s.list(search, viewer, *w);
    auto page = api::make_list(api::placed_by(std::move(rows), id_of), *w, cursors);
    if (w->include_total) api::set_total(page.page, co_await s.count(search, api::max_total + 1));
    co_return std::move(page);
}

asio::awaitable<outcome<api::list<user>>> related(store& s, const storage::cursor_signer& signer, related_query of,
                                                  const api::page_query& q)
{
    const std::string whose = std::to_string(of.id);
    const api::cursors cursors{signer, of.how == relation::followers ? "followers" : "following", {whose}};
    const outcome<api::window> w = cursors.read(q);
    if (!w) co_return w.error();
    const outcome<user> there = co_await find(s, of.id);
    if (!there) co_return there.error();
    auto rows = co_await s.related(of.id, of.how, of.viewer, *w);
    auto page = api::make_list(api::placed_by(std::move(rows), id_of), *w, cursors);
    if (w->include_total)
        api::set_total(page.page, of.how == relation::followers ? there->followers : there->following);
    co_return std::move(page);
}

asio::awaitable<outcome<follow_state>> follow(store& s, const larder::clock& c, std::int64_t me, std::int64_t id)
{
    if (me == id) co_return failure{problems::oneself, "you cannot follow yourself"};
    co_return co_await s.follow(me, id, c.wall());
}

asio::awaitable<outcome<user>> update(store& s, std::int64_t me, const change& wanted)
{
    std::vector<field_error> errors;
    change kept = wanted;
    if (wanted.display_name) kept.display_name = checked_display_name(*wanted.display_name, errors);
    if (wanted.bio && api::characters(*wanted.bio) > max_bio)
        errors.emplace_back("bio", field_codes::too_long, "must have at most 2000 characters");
    if (wanted.avatar_url && !wanted.avatar_url->empty() && !is_web_address(*wanted.avatar_url))
        errors.emplace_back("avatar_url", field_codes::invalid,
                            "must be an https:// or http:// address of at most 500 characters");
    if (!errors.empty()) co_return failure::invalid(std::move(errors));
    co_return co_await s.update(me, kept);
}

}  // namespace agora::users
