// SPDX-License-Identifier: MIT
// /api/admin/cache: what the cache holds, why, and how to empty it. For the operator only.
#pragma once

#include <agora/http/router.hpp>
#include <boost/describe.hpp>
#include <larder/cache.hpp>
#include <optional>
#include <string>
#include <vector>

namespace agora::admin {

namespace asio = boost::asio;

struct memory_figures {
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;
    std::uint64_t evicted = 0;
    std::uint64_t expired = 0;
};
BOOST_DESCRIBE_STRUCT(memory_figures, (), (entries, bytes, evicted, expired))

struct redis_figures {
    bool available = false;
    std::string circuit;  ///< closed, open, half_open
    std::optional<std::int64_t> used_memory;
    std::optional<std::int64_t> keys;
    std::optional<std::int64_t> operations_per_second;
};
BOOST_DESCRIBE_STRUCT(redis_figures, (), (available, circuit, used_memory, keys, operations_per_second))

struct region_figures : larder::region_stats {
    double hit_rate_percent = 0;
};
BOOST_DESCRIBE_STRUCT(region_figures, (larder::region_stats), (hit_rate_percent))

struct cache_report {
    std::vector<region_figures> regions;
    memory_figures memory;
    std::optional<redis_figures> redis;
    std::uint64_t pending_invalidations = 0;
};
BOOST_DESCRIBE_STRUCT(cache_report, (), (regions, memory, redis, pending_invalidations))

/// One of the first four.
struct clear_order {
    std::optional<std::string> region;   ///< its pattern, or the part before the first field: "posts:list"
    std::optional<std::string> tag;      ///< "posts-of:7"
    std::optional<std::string> pattern;  ///< of keys: "posts:list:*"
    std::optional<bool> all;
    std::optional<bool> dry_run;  ///< only count
};
BOOST_DESCRIBE_STRUCT(clear_order, (), (region, tag, pattern, all, dry_run))

struct clear_report {
    std::uint64_t cleared = 0;  ///< entries; of a tag: 1, as nobody counts what carries it
    bool confirmed = true;      ///< false: Redis does not answer, and it is tried again until it does
};
BOOST_DESCRIBE_STRUCT(clear_report, (), (cleared, confirmed))

struct keys_query {
    std::optional<std::string> region;
    std::optional<std::string> prefix;
    std::optional<std::int64_t> limit;  ///< 1 to 10,000; default 100
};
BOOST_DESCRIBE_STRUCT(keys_query, (), (region, prefix, limit))

struct key_list {
    std::vector<std::string> keys;  ///< sorted
};
BOOST_DESCRIBE_STRUCT(key_list, (), (keys))

struct explain_query {
    std::optional<std::string> key;
};
BOOST_DESCRIBE_STRUCT(explain_query, (), (key))

class cache_admin_api {
 public:
    /// `redis` may be null. Requires: both outlive this.
    cache_admin_api(larder::cache& cache, larder::redis::client* redis) : cache_{cache}, redis_{redis} {}

    asio::awaitable<http::response> stats();
    asio::awaitable<http::response> clear(const http::request& r, const http::body<clear_order>& order);
    asio::awaitable<http::response> keys(const http::request& r, const http::query<keys_query>& q);
    asio::awaitable<http::response> explain(const http::request& r, const http::query<explain_query>& q);

 private:
    asio::awaitable<redis_figures> look_at_redis();
    /// Those that the name means; none: there is no such region.
    std::vector<const larder::region_base*> named(const std::optional<std::string>& name) const;
    /// Keys of these regions that match `pattern`.
    asio::awaitable<std::vector<larder::entry_key>> find(std::vector<const larder::region_base*> in,
                                                         std::string pattern, std::size_t most);

    larder::cache& cache_;
    larder::redis::client* redis_;
};

/// Requires: `api` outlives the router.
void mount_cache_admin(http::router& routes, cache_admin_api& api);

}  // namespace agora::admin
