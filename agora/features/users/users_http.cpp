// SPDX-License-Identifier: MIT
// The routes of /api/users; mount_users() at the end lists them. Each handler calls one operation of users.hpp and
// turns its outcome into a response. The key_of_...() functions return the cache key of a response, or nullopt if it is
// not cached.
#include <agora/api/answer.hpp>
#include <agora/features/users/users_cache.hpp>
#include <agora/features/users/users_http.hpp>

namespace agora::users {

namespace {

std::optional<http::response_key> key_of_one(const http::request& r, const http::path<std::int64_t>& id)
{
    if (r.who.user_id == 0) return by_id(*id);
    return seen_by_id(*id, api::viewer_of(r));
}
std::optional<http::response_key> key_of_name(const http::request& r, const http::path<std::string>& written)
{
    if (r.who.user_id != 0) return std::nullopt;  // the response says whether the viewer follows this user
    return by_username(normalized_username(*written));
}
std::optional<http::response_key> key_of_list(const http::request& r, const http::query<list_query>& q)
{
    const auto at = api::place_of(*q);
    if (!at) return std::nullopt;
    const auto viewer = api::viewer_of(r);
    if (q->cursor || q->include_total.value_or(false))
        return other_lists(at->skip, at->limit, at->more.value_or(""), viewer);
    return lists(at->skip, at->limit, at->more ? q->search : std::nullopt, viewer);
}

}  // namespace

asio::awaitable<http::response> users_api::find(const http::request& r, const http::path<std::int64_t>& id)
{
    const outcome<user> found = co_await users::find(store_, *id, r.who.user_id);
    if (!found) co_return http::problem(r, found.error());
    co_return api::readable(r, *found);
}

asio::awaitable<http::response> users_api::by_name(const http::request& r, const http::path<std::string>& username)
{
    const outcome<user> found = co_await users::by_name(store_, *username, r.who.user_id);
    if (!found) co_return http::problem(r, found.error());
    co_return api::readable(r, *found);
}

asio::awaitable<http::response> users_api::list(const http::request& r, const http::query<list_query>& q)
{
    const auto page = co_await users::list(store_, signer_, r.who.user_id, *q);
    if (!page) co_return http::problem(r, page.error());
    co_return api::readable(r, *page);
}

asio::awaitable<http::response> users_api::related(const http::request& r, related_query of, const api::page_query& q)
{
    const auto page = co_await users::related(store_, signer_, of, q);
    if (!page) co_return http::problem(r, page.error());
    co_return api::readable(r, *page);
}

asio::awaitable<http::response> users_api::followers(const http::request& r, const http::path<std::int64_t>& id,
                                                     const http::query<api::page_query>& q)
{
    co_return co_await related(r, {*id, relation::followers, r.who.user_id}, *q);
}

asio::awaitable<http::response> users_api::following(const http::request& r, const http::path<std::int64_t>& id,
                                                     const http::query<api::page_query>& q)
{
    co_return co_await related(r, {*id, relation::following, r.who.user_id}, *q);
}

asio::awaitable<http::response> users_api::follow(const http::request& r, const http::path<std::int64_t>& id)
{
    const auto done = co_await users::follow(store_, clock_, r.who.user_id, *id);
    if (!done) co_return http::problem(r, done.error());
    co_return api::json_answer(200, *done);
}

asio::awaitable<http::response> users_api::unfollow(const http::request& r, const http::path<std::int64_t>& id)
{
    const auto done = co_await store_.unfollow(r.who.user_id, *id);
    if (!done) co_return http::problem(r, done.error());
    co_return api::json_answer(200, *done);
}

asio::awaitable<http::response> users_api::update(const http::request& r, const http::body<change>& wanted)
{
    const auto done = co_await users::update(store_, r.who.user_id, *wanted);
    if (!done) co_return http::problem(r, done.error());
    co_return api::json_answer(200, *done);
}

asio::awaitable<std::vector<std::string>> users_api::popular(std::size_t most)
{
    std::vector<std::string> targets;
    const auto ids = co_await store_.most_active(most);
    for (const auto id : ids) targets.push_back("/api/users/" + std::to_string(id));
    co_return targets;
}

void mount_users(http::router& routes, users_api& api, larder::cache& cache, larder::limiter& limits)
{
    // A new avatar invalidates every response that shows it, so profile changes have a limit of their own.
    auto& profiles = limits.limit({.name = "profiles", .quota = 20, .window = std::chrono::hours{1}});
    cache.declare(by_id);
    cache.declare(by_username);
    cache.declare(seen_by_id);
    cache.declare(lists);
    cache.declare(other_lists);
    routes.get("/api/users/{id}", &users_api::find, api)
        .summary("One user")
        .tagged("users")
        .cached(cache, &key_of_one)
        .warmed(&users_api::popular, api)
        .returns<user>(200)
        .returns(404);
    routes.get("/api/users/by-name/{username}", &users_api::by_name, api)
        .summary("One user by name; upper and lower case do not matter")
        .tagged("users")
        .cached(cache, &key_of_name)
        .returns<user>(200)
        .returns(404);
    using page = api::list<user>;
    const auto documented = [](http::route& route, const char* summary) -> http::route& {
        return route.summary(summary).tagged("users");
    };
    const auto own = [&](http::route& route, const char* summary) -> http::route& {
        return documented(route, summary).needs(http::role::user).returns(401).returns(404);
    };
    documented(routes.get("/api/users/list", &users_api::list, api), "All users, or those whose names contain a text")
        .cached(cache, &key_of_list)
        .returns<page>(200)
        .returns(422);
    documented(routes.get("/api/users/{id}/followers", &users_api::followers, api), "The followers of a user")
        .returns<page>(200)
        .returns(404);
    documented(routes.get("/api/users/{id}/following", &users_api::following, api), "The users whom a user follows")
        .returns<page>(200)
        .returns(404);
    own(routes.put("/api/users/{id}/follow", &users_api::follow, api), "Follow a user")
        .returns<follow_state>(200)
        .returns(409);
    own(routes.post("/api/users/{id}/follow", &users_api::follow, api), "The same as PUT")
        .returns<follow_state>(200)
        .returns(409);
    own(routes.del("/api/users/{id}/follow", &users_api::unfollow, api), "Stop following a user")
        .returns<follow_state>(200);
    own(routes.put("/api/users/me", &users_api::update, api), "Change your own profile")
        .limit(profiles, http::limited_by::user)
        .returns<user>(200)
        .returns(422);
}

}  // namespace agora::users
