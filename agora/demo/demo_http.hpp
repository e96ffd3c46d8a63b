// SPDX-License-Identifier: MIT
// The example endpoints that the requirements prescribe, which demonstrate the cache and the rate limits:
// /api/cached-data, /api/invalidate-cache, /api/rate-limited, /api/slow-limited.
#pragma once

#include <agora/http/router.hpp>
#include <agora/services/services.hpp>
#include <larder/cache.hpp>
#include <larder/json/schema.hpp>

namespace agora::demo {

namespace asio = boost::asio;

struct cached_data_query {
    std::optional<std::string> user_id;  ///< default "anonymous"
};
BOOST_DESCRIBE_STRUCT(cached_data_query, (), (user_id))

inline constexpr larder::json::member_facts cached_data_query_facts[]{
    {.name = "user_id", .meaning = "Any text; each has an entry of its own.", .initial = "\"anonymous\""},
};
inline larder::json::type_facts facts_of(std::type_identity<cached_data_query>)
{
    return {"CachedDataQuery", "Whose data to compute.", cached_data_query_facts};
}

struct cached_data {
    std::string user_id;
    double timestamp = 0;  ///< seconds since 1970
    std::string message;
    std::string computed_at;  ///< the same time in readable form
    bool cached = true;       ///< always true: the response is cached for a minute
};
BOOST_DESCRIBE_STRUCT(cached_data, (), (user_id, timestamp, message, computed_at, cached))

inline constexpr larder::json::member_facts cached_data_facts[]{
    {.name = "user_id", .meaning = "Whose data it is."},
    {.name = "timestamp", .meaning = "When it was computed, in seconds since 1970."},
    {.name = "message", .meaning = "A sentence for people."},
    {.name = "computed_at", .meaning = "The same time in readable form."},
    {.name = "cached", .meaning = "Always true: the response is cached for a minute."},
};
inline larder::json::type_facts facts_of(std::type_identity<cached_data>)
{
    return {"CachedData", "The result of a slow computation.", cached_data_facts};
}

struct limited_page {
    std::string message;
    double timestamp = 0;  ///< seconds since 1970
};
BOOST_DESCRIBE_STRUCT(limited_page, (), (message, timestamp))

inline constexpr larder::json::member_facts limited_page_facts[]{
    {.name = "message", .meaning = "A sentence for people."},
    {.name = "timestamp", .meaning = "When it was made, in seconds since 1970."},
};
inline larder::json::type_facts facts_of(std::type_identity<limited_page>)
{
    return {"LimitedAnswer", "The answer of a limited route.", limited_page_facts};
}

struct invalidation_order {
    std::optional<larder::json::id_text> user_id;  ///< none: all users
};
BOOST_DESCRIBE_STRUCT(invalidation_order, (), (user_id))

inline constexpr larder::json::member_facts invalidation_order_facts[]{
    {.name = "user_id", .meaning = "Absent: everyone's."},
};
inline larder::json::type_facts facts_of(std::type_identity<invalidation_order>)
{
    return {"CacheInvalidation", "Whose data to drop.", invalidation_order_facts};
}

struct invalidation_report {
    bool success = true;
    std::string message;
    std::uint64_t invalidated = 0;
};
BOOST_DESCRIBE_STRUCT(invalidation_report, (), (success, message, invalidated))

inline constexpr larder::json::member_facts invalidation_report_facts[]{
    {.name = "success", .meaning = "Always true."},
    {.name = "message", .meaning = "A sentence for people."},
    {.name = "invalidated", .meaning = "How many entries.", .least = 0},
};
inline larder::json::type_facts facts_of(std::type_identity<invalidation_report>)
{
    return {"CacheInvalidated", "What was dropped.", invalidation_report_facts};
}

class slice {
 public:
    /// `redis` may be null; then no event is published. Requires: it outlives this object.
    slice(services& s, larder::redis::client* redis);

 private:
    asio::awaitable<outcome<cached_data>> compute(http::anyone, const http::query<cached_data_query>& q);
    http::response limited(http::anyone);
    http::response slow_limited(http::anyone);
    asio::awaitable<outcome<invalidation_report>> invalidate(
        http::anyone, const http::body<std::optional<invalidation_order>>& order);

    asio::awaitable<std::uint64_t> count_all();
    asio::awaitable<void> publish_event(const std::optional<std::string>& user_id);

    larder::cache& cache_;
    larder::redis::client* redis_;
};

}  // namespace agora::demo
