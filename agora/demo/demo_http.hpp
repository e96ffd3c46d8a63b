// SPDX-License-Identifier: MIT
// The example endpoints that the requirements prescribe, which demonstrate the cache and the rate limits:
// /api/cached-data, /api/invalidate-cache, /api/rate-limited, /api/slow-limited.
#pragma once

#include <agora/http/router.hpp>
#include <larder/cache.hpp>

namespace agora::demo {

namespace asio = boost::asio;

struct cached_data_query {
    std::optional<std::string> user_id;  ///< default "anonymous"
};
BOOST_DESCRIBE_STRUCT(cached_data_query, (), (user_id))

struct cached_data {
    std::string user_id;
    double timestamp = 0;  ///< seconds since 1970
    std::string message;
    std::string computed_at;  ///< the same time in readable form
    bool cached = true;       ///< always true: the response is cached for a minute
};
BOOST_DESCRIBE_STRUCT(cached_data, (), (user_id, timestamp, message, computed_at, cached))

struct limited_page {
    std::string message;
    double timestamp = 0;  ///< seconds since 1970
};
BOOST_DESCRIBE_STRUCT(limited_page, (), (message, timestamp))

struct invalidation_order {
    std::optional<larder::json::id_text> user_id;  ///< none: all users
};
BOOST_DESCRIBE_STRUCT(invalidation_order, (), (user_id))

struct invalidation_report {
    bool success = true;
    std::string message;
    std::uint64_t invalidated = 0;
};
BOOST_DESCRIBE_STRUCT(invalidation_report, (), (success, message, invalidated))

class demo_api {
 public:
    /// `redis` may be null; then no event is published. Requires: `cache` and `redis` outlive this object.
    demo_api(larder::cache& cache, larder::redis::client* redis) : cache_{cache}, redis_{redis} {}

    asio::awaitable<outcome<cached_data>> compute(http::anyone, const http::query<cached_data_query>& q);
    http::response limited(const http::request& r);
    http::response rarely(const http::request& r);
    asio::awaitable<http::response> invalidate(const http::body<std::optional<invalidation_order>>& order);

 private:
    asio::awaitable<std::uint64_t> count_all();
    asio::awaitable<void> tell(const std::optional<std::string>& user_id);

    larder::cache& cache_;
    larder::redis::client* redis_;
};

void mount_demo(http::router& routes, demo_api& api, larder::cache& cache, larder::limiter& limits);

}  // namespace agora::demo
