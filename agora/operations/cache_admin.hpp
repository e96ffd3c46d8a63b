// SPDX-License-Identifier: MIT
// Inspects and clears the cache, for /api/admin/cache and for `agora cache`. The structs are the JSON bodies of
// requests and responses; class cache_admin has one function per operation. Thread-safe, as the cache is.
#pragma once

#include <agora/http/warming.hpp>
#include <agora/operations/redis_watch.hpp>
#include <agora/outcome.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/describe.hpp>
#include <functional>
#include <larder/cache/inspector.hpp>
#include <optional>
#include <string>
#include <vector>

namespace agora::admin {

namespace asio = boost::asio;

struct memory_stats {
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;
    std::uint64_t evicted = 0;
    std::uint64_t expired = 0;
};
BOOST_DESCRIBE_STRUCT(memory_stats, (), (entries, bytes, evicted, expired))

struct redis_stats {
    bool available = false;
    std::string circuit;                 ///< "closed", "open" or "half_open"
    std::optional<std::string> problem;  ///< one line, for the operator
    std::optional<std::int64_t> used_memory;
    std::optional<std::int64_t> keys;
    std::optional<std::int64_t> operations_per_second;
    std::optional<double> hit_rate_percent;  ///< share of hits in all key lookups since Redis started
};
BOOST_DESCRIBE_STRUCT(redis_stats, (),
                      (available, circuit, problem, used_memory, keys, operations_per_second, hit_rate_percent))

struct region_summary : larder::region_stats {
    double hit_rate_percent = 0;
};
BOOST_DESCRIBE_STRUCT(region_summary, (larder::region_stats), (hit_rate_percent))

struct cache_report {
    std::vector<region_summary> regions;
    memory_stats memory;
    std::optional<redis_stats> redis;
    std::uint64_t pending_invalidations = 0;
    bool tracked = false;  ///< Redis pushes invalidations to this process
};
BOOST_DESCRIBE_STRUCT(cache_report, (), (regions, memory, redis, pending_invalidations, tracked))

/// Which entries to clear. Exactly one of the first four members must be set.
struct clear_request {
    std::optional<std::string> region;   ///< its pattern, or the part before the first placeholder: "posts:list"
    std::optional<std::string> tag;      ///< e.g. "posts-of:7"
    std::optional<std::string> pattern;  ///< pattern of keys, e.g. "posts:list:*"
    std::optional<bool> all;
    std::optional<bool> dry_run;  ///< only count the entries
};
BOOST_DESCRIBE_STRUCT(clear_request, (), (region, tag, pattern, all, dry_run))

struct clear_report {
    std::uint64_t cleared = 0;       ///< number of entries; for a tag, those whose keys imply the tag
    bool cleared_is_capped = false;  ///< counting stopped at 100,000 keys
    bool confirmed = true;           ///< false: Redis does not answer; the invalidation is retried until it does
};
BOOST_DESCRIBE_STRUCT(clear_report, (), (cleared, cleared_is_capped, confirmed))

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

struct warm_request {
    std::optional<std::vector<std::string>> regions;  ///< as in clear_request; none: all regions with popular responses
    std::optional<std::int64_t> limit;                ///< responses per route, 1 to 10,000; default 100
};
BOOST_DESCRIBE_STRUCT(warm_request, (), (regions, limit))

class cache_admin {
 public:
    /// Requires: the cache, and what `redis` points to, outlive this object.
    cache_admin(larder::cache& cache, const redis_watch::server& redis) : cache_{cache}, redis_{redis} {}

    asio::awaitable<cache_report> stats();
    asio::awaitable<outcome<clear_report>> clear(clear_request order);
    asio::awaitable<outcome<key_list>> keys(keys_query q);
    asio::awaitable<outcome<larder::explanation>> explain(std::string key);
    /// Converts a request into an order for http::warm(). `renew`: also reload responses with less than a quarter of
    /// their TTL left.
    outcome<http::warm_options> plan_warming(const warm_request& request, bool renew) const;

 private:
    asio::awaitable<redis_stats> read_redis();
    /// The keys that were found, and whether the search stopped at its limit.
    struct found_keys {
        std::vector<larder::entry_key> keys;
        bool capped = false;
    };
    using key_filter = std::function<bool(const larder::entry_key&)>;
    asio::awaitable<larder::invalidation> drop(const clear_request& order,
                                               std::vector<const larder::region_base*> regions,
                                               std::vector<larder::entry_key> keys);
    /// The regions with this name, or all regions if there is none. Empty: there is no such region.
    std::vector<const larder::region_base*> named(const std::optional<std::string>& name) const;
    /// Up to `most` keys of these regions that begin with `prefix` and pass the filter.
    asio::awaitable<found_keys> find(std::vector<const larder::region_base*> in, std::string prefix,
                                     const key_filter& passes, std::size_t most);

    larder::cache& cache_;
    redis_watch::server redis_;
};

}  // namespace agora::admin
