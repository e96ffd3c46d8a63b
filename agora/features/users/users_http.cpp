// SPDX-License-Identifier: MIT
// /api/users: the constructor lists the routes with their cache keys and limits; each handler below it calls one
// operation of users.hpp.
#include <agora/features/users/users_cache.hpp>
#include <agora/services/services.hpp>

namespace agora::users {

namespace {

std::optional<http::response_key> key_of_name(http::guest_or_member who, const http::path<std::string>& written)
{
    if (who.id != 0) return std::nullopt;  // the response says whether the caller follows this user
    return by_username(normalized_username(*written));
}

std::optional<http::response_key> key_of_list(http::guest_or_member who, const http::query<list_query>& q)
{
    const auto at = api::place_of(*q);
    if (!at) return std::nullopt;
    const api::viewer viewer{who.id};
    if (q->cursor || q->include_total.value_or(false))
        return other_lists(at->skip, at->limit, at->more.value_or(""), viewer);
    return lists(at->skip, at->limit, at->more ? q->search : std::nullopt, viewer);
}

}  // namespace

slice::slice(services& s) : store_{make_users_store(s.outbox, s.erasure)}, cursors_{s.cursors}, clock_{s.clock}
{
    // A changed profile may invalidate everything that shows the member's picture, hence a limit of its own.
    auto& profiles = s.limits.limit({.name = "profiles", .quota = 20, .window = std::chrono::hours{1}});

    settings_ = make_settings_pages(s, *store_, profiles);
    s.cache.declare(by_username);
    s.cache.declare(lists);
    s.cache.declare(other_lists);
    s.routes.section("users");
    s.routes.get("/api/users/{id}", &slice::find, *this)
        .cached(s.cache, api::keyed_by{by_id, seen_by_id})
        .warmed(&slice::popular, *this)
        .summary("One user")
        .fails(404);
    s.routes.get("/api/users/by-name/{username}", &slice::by_name, *this)
        .cached(s.cache, &key_of_name)
        .summary("One user by name; upper and lower case are the same")
        .fails(404);
    s.routes.get("/api/users/list", &slice::list, *this)
        .cached(s.cache, &key_of_list)
        .summary("Users, all or those whose names contain a text")
        .fails(422);
    s.routes.get("/api/users/{id}/followers", &slice::followers, *this).summary("The followers of a user").fails(404);
    s.routes.get("/api/users/{id}/following", &slice::following, *this)
        .summary("The users that a user follows")
        .fails(404);
    s.routes.put("/api/users/{id}/follow", &slice::follow, *this).summary("Follow a user").fails(401, 404, 409);
    s.routes.post("/api/users/{id}/follow", &slice::follow, *this).summary("The same as PUT").fails(401, 404, 409);
    s.routes.del("/api/users/{id}/follow", &slice::unfollow, *this).summary("Stop following a user").fails(401, 404);
    s.routes.put("/api/users/me", &slice::update, *this)
        .summary("Change your profile")
        .limit(profiles, http::limited_by::user)
        .fails(401, 404, 422);
}

asio::awaitable<outcome<user>> slice::find(http::guest_or_member who, const http::path<std::int64_t>& id)
{
    return users::find(*store_, *id, who.id);
}

asio::awaitable<outcome<user>> slice::by_name(http::guest_or_member who, const http::path<std::string>& username)
{
    return users::by_name(*store_, *username, who.id);
}

asio::awaitable<outcome<api::list<user>>> slice::list(http::guest_or_member who, const http::query<list_query>& q)
{
    return users::list(*store_, cursors_, who.id, *q);
}

asio::awaitable<outcome<api::list<user>>> slice::followers(http::guest_or_member who,
                                                           const http::path<std::int64_t>& id,
                                                           const http::query<api::page_query>& q)
{
    return related(*store_, cursors_, {*id, relation::followers, who.id}, *q);
}

asio::awaitable<outcome<api::list<user>>> slice::following(http::guest_or_member who,
                                                           const http::path<std::int64_t>& id,
                                                           const http::query<api::page_query>& q)
{
    return related(*store_, cursors_, {*id, relation::following, who.id}, *q);
}

asio::awaitable<outcome<follow_state>> slice::follow(http::member who, const http::path<std::int64_t>& id)
{
    return users::follow(*store_, clock_, who.id, *id);
}

asio::awaitable<outcome<follow_state>> slice::unfollow(http::member who, const http::path<std::int64_t>& id)
{
    return store_->unfollow(who.id, *id);
}

asio::awaitable<outcome<user>> slice::update(http::member who, const http::body<change>& wanted)
{
    return users::update(*store_, who.id, *wanted);
}

asio::awaitable<std::vector<std::string>> slice::popular(std::size_t most)
{
    std::vector<std::string> targets;
    const auto ids = co_await store_->most_active(most);
    for (const auto id : ids) targets.push_back("/api/users/" + std::to_string(id));
    co_return targets;
}

}  // namespace agora::users
