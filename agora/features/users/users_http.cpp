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
        .named("get_user", "One user")
        .describe("The public profile of a member. `is_following` says whether the caller follows the member.")
        .path_params("The id of the user.")
        .fails(problems::not_found);
    s.routes.get("/api/users/by-name/{username}", &slice::by_name, *this)
        .cached(s.cache, &key_of_name)
        .named("get_user_by_name", "One user, by name")
        .describe("The same as by id. Upper and lower case of the name are the same.")
        .path_params("The username.")
        .fails(problems::not_found);
    s.routes.get("/api/users/list", &slice::list, *this)
        .cached(s.cache, &key_of_list)
        .named("list_users", "Users")
        .describe("All members, or those whose names contain a text, in the order in which they came.")
        .fails(api::list_problems);
    s.routes.get("/api/users/{id}/followers", &slice::followers, *this)
        .named("list_followers", "The followers of a user")
        .describe("The members who follow this one.")
        .path_params("The id of the user.")
        .fails(problems::not_found, api::list_problems);
    s.routes.get("/api/users/{id}/following", &slice::following, *this)
        .named("list_following", "The users that a user follows")
        .describe("The members whom this one follows.")
        .path_params("The id of the user.")
        .fails(problems::not_found, api::list_problems);
    s.routes.put("/api/users/{id}/follow", &slice::follow, *this)
        .named("follow_user", "Follow a user")
        .describe("The caller follows the member from now on. A second call changes nothing.")
        .path_params("The id of the user.")
        .fails(problems::not_found, problems::oneself);
    s.routes.post("/api/users/{id}/follow", &slice::follow, *this)
        .named("follow_user_by_post", "Follow a user, by POST")
        .describe("The same as PUT, for clients that have only GET and POST.")
        .path_params("The id of the user.")
        .fails(problems::not_found, problems::oneself);
    s.routes.del("/api/users/{id}/follow", &slice::unfollow, *this)
        .named("unfollow_user", "Stop following a user")
        .describe("A second call changes nothing.")
        .path_params("The id of the user.")
        .fails(problems::not_found);
    s.routes.put("/api/users/me", &slice::update, *this)
        .limit(profiles, http::limited_by::user)
        .named("update_profile", "Change the own profile")
        .describe("Absent fields stay as they are.")
        .fails(problems::not_found);
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
