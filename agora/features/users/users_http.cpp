// SPDX-License-Identifier: MIT
#include <agora/features/rest/answer.hpp>
#include <agora/features/users/users_http.hpp>

namespace agora::users {

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

void mount_users(http::router& routes, users_api& api)
{
    routes.get("/api/users/{id}", &users_api::one, api)
        .summary("One user")
        .tagged("users")
        .returns<user>(200)
        .returns(404);
    routes.get("/api/users/by-name/{username}", &users_api::by_name, api)
        .summary("One user by name; upper and lower case are the same")
        .tagged("users")
        .returns<user>(200)
        .returns(404);
}

}  // namespace agora::users
