// SPDX-License-Identifier: MIT
// GET /api/users/{id} and /api/users/by-name/{username}.
#pragma once

#include <agora/features/users/users.hpp>
#include <agora/http/router.hpp>

namespace agora::users {

class users_api {
 public:
    /// Requires: the store outlives this.
    explicit users_api(store& s) : store_{s} {}

    asio::awaitable<http::response> one(const http::request& r, const http::path<std::int64_t>& id);
    asio::awaitable<http::response> by_name(const http::request& r, const http::path<std::string>& username);
    /// For warming.
    asio::awaitable<std::vector<std::string>> popular(std::size_t most);

 private:
    store& store_;
};

/// Requires: `api` and `cache` outlive the router.
void mount_users(http::router& routes, users_api& api, larder::cache& cache);

}  // namespace agora::users
