// SPDX-License-Identifier: MIT
// The HTTP API /api/admin/cache, for the operator only.
#pragma once

#include <agora/http/router.hpp>
#include <agora/operations/cache_admin.hpp>
#include <agora/operations/warm_job.hpp>

namespace agora::admin {

struct explain_query {
    std::optional<std::string> key;
};
BOOST_DESCRIBE_STRUCT(explain_query, (), (key))

class admin_api {
 public:
    /// Requires: the arguments outlive this object.
    admin_api(larder::cache& cache, const redis_watch::server& redis, warm_job& warming)
        : cache_{cache, redis}, warming_{warming}
    {}

    asio::awaitable<http::response> stats();
    asio::awaitable<http::response> clear(const http::request& r, const http::body<clear_order>& order);
    asio::awaitable<http::response> keys(const http::request& r, const http::query<keys_query>& q);
    http::response warm(const http::request& r, const http::body<std::optional<warm_wish>>& wish);
    http::response refresh(const http::request& r, const http::body<std::optional<warm_wish>>& wish);
    http::response warming();
    asio::awaitable<http::response> explain(const http::request& r, const http::query<explain_query>& q);

 private:
    http::response start(const http::request& r, const warm_wish& wish, bool renew);

    cache_admin cache_;
    warm_job& warming_;
};

/// Requires: `api` outlives the router.
void mount_admin(http::router& routes, admin_api& api);

}  // namespace agora::admin
