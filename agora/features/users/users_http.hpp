// SPDX-License-Identifier: MIT
// /api/users: profiles, lists of users, and following. One handler for each route; mount_users() binds them.
#pragma once

#include <agora/features/users/users.hpp>
#include <agora/http/router.hpp>
#include <larder/cache.hpp>

namespace agora::users {

class users_api {
 public:
    /// Requires: all of them outlive this.
    users_api(store& s, const storage::cursor_signer& signer, const larder::clock& clock)
        : store_{s}, signer_{signer}, clock_{clock}
    {}

    asio::awaitable<http::response> list(const http::request& r, const http::query<list_query>& q);
    asio::awaitable<http::response> followers(const http::request& r, const http::path<std::int64_t>& id,
                                              const http::query<api::page_query>& q);
    asio::awaitable<http::response> following(const http::request& r, const http::path<std::int64_t>& id,
                                              const http::query<api::page_query>& q);
    asio::awaitable<http::response> follow(const http::request& r, const http::path<std::int64_t>& id);
    asio::awaitable<http::response> unfollow(const http::request& r, const http::path<std::int64_t>& id);
    asio::awaitable<http::response> update(const http::request& r, const http::body<change>& wanted);
    asio::awaitable<http::response> find(const http::request& r, const http::path<std::int64_t>& id);
    asio::awaitable<http::response> by_name(const http::request& r, const http::path<std::string>& username);
    /// Paths to warm the cache with: the profiles of the most active users.
    asio::awaitable<std::vector<std::string>> popular(std::size_t most);

 private:
    asio::awaitable<http::response> related(const http::request& r, related_query of, const api::page_query& q);

    store& store_;
    const storage::cursor_signer& signer_;
    const larder::clock& clock_;
};

/// Requires: `api` and `cache` outlive the router.
void mount_users(http::router& routes, users_api& api, larder::cache& cache, larder::limiter& limits);

}  // namespace agora::users
