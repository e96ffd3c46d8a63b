// SPDX-License-Identifier: MIT
#include <agora/features/rest/answer.hpp>
#include <agora/features/rest/keys.hpp>
#include <agora/features/users/users_http.hpp>

namespace agora::users {

namespace {

constexpr rest::response_region<std::int64_t> by_id{
    "user:{}", {.ttl = std::chrono::minutes{15}, .tags = {"user:{0}"}, .stale = rest::public_answers}};
constexpr rest::response_region<std::string> by_username{
    "user:name:{}", {.ttl = std::chrono::minutes{15}, .tags = {"username:{0}"}, .stale = rest::public_answers}};

std::optional<http::response_key> key_of_one(const http::path<std::int64_t>& id) { return by_id(*id); }
std::optional<http::response_key> key_of_name(const http::path<std::string>& written)
{
    return by_username(normalized_username(*written));
}

}  // namespace

asio::awaitable<http::response> users_api::one(const http::request& r, const http::path<std::int64_t>& id)
{
    const outcome<user> found = co_await users::one(store_, *id);
    if (!found) co_return http::problem(r, found.error());
    co_return rest::readable(r, *found);
}

asio::awaitable<http::response> users_api::by_name(const http::request& r, const http::path<std::string>& username)
{
    const outcome<user> found = co_await users::by_name(store_, *username);
    if (!found) co_return http::problem(r, found.error());
    co_return rest::readable(r, *found);
}

asio::awaitable<std::vector<std::string>> users_api::popular(std::size_t most)
{
    std::vector<std::string> targets;
    const auto ids = co_await store_.most_active(most);
    for (const auto id : ids) targets.push_back("/api/users/" + std::to_string(id));
    co_return targets;
}

void mount_users(http::router& routes, users_api& api, larder::cache& cache)
{
    cache.declare(by_id);
    cache.declare(by_username);
    routes.get("/api/users/{id}", &users_api::one, api)
        .summary("One user")
        .tagged("users")
        .cached(cache, &key_of_one)
        .warmed(&users_api::popular, api)
        .returns<user>(200)
        .returns(404);
    routes.get("/api/users/by-name/{username}", &users_api::by_name, api)
        .summary("One user by name; upper and lower case are the same")
        .tagged("users")
        .cached(cache, &key_of_name)
        .returns<user>(200)
        .returns(404);
}

}  // namespace agora::users
