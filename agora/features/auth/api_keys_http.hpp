// SPDX-License-Identifier: MIT
// /api/api-keys: a member's own API keys.
#pragma once

#include <agora/features/auth/api_keys.hpp>
#include <agora/http/router.hpp>
#include <larder/cache.hpp>

namespace agora::auth {

class api_keys_api {
 public:
    /// Requires: it outlives this.
    explicit api_keys_api(api_keys& keys) : keys_{keys} {}

    asio::awaitable<http::response> create(const http::request& r, const http::body<api_key_wish>& wish);
    asio::awaitable<http::response> all(const http::request& r);
    asio::awaitable<http::response> revoke(const http::request& r, const http::path<std::int64_t>& id);

 private:
    api_keys& keys_;
};

void mount_api_keys(http::router& routes, api_keys_api& api, larder::cache& cache);

}  // namespace agora::auth
