// SPDX-License-Identifier: MIT
// What the cache holds, why, and how to empty it: for /api/admin/cache and for `agora cache`.
#pragma once

#include <agora/http/warming.hpp>
#include <agora/operations/redis_watch.hpp>
#include <agora/outcome.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/describe.hpp>
#include <functional>
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
    std::string circuit;                 ///< closed, open, half_open
    std::optional<std::string> problem;  ///< one line, for the operator
    std::optional<std::int64_t> used_memory;
    std::optional<std::int64_t> keys;
    std::optional<std::int64_t> operations_per_second;
    std::optional<double> hit_rate_percent;  ///< of all lookups of keys since Redis started
};
BOOST_DESCRIBE_STRUCT(redis_figures, (),
                      (available, circuit, problem, used_memory, keys, operations_per_second, hit_rate_percent))

struct region_figures : larder::region_stats {
    double hit_rate_percent = 0;
};
BOOST_DESCRIBE_STRUCT(region_figures, (larder::region_stats), (hit_rate_percent))

struct cache_report {
    std::vector<region_figures> regions;
    memory_figures memory;
    std::optional<redis_figures> redis;
    std::uint64_t pending_invalidations = 0;
    bool tracked = false;  ///< Redis tells this process of changes
};
BOOST_DESCRIBE_STRUCT(cache_report, (), (regions, memory, redis, pending_invalidations, tracked))

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
    std::uint64_t cleared = 0;       ///< entries; of a tag: those whose keys say that they carry it
    bool cleared_is_capped = false;  ///< there were more than were counted (100,000)
    bool confirmed = true;           ///< false: Redis does not answer, and it is tried again until it does
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

struct warm_wish {
    std::optional<std::vector<std::string>> regions;  ///< as in clear_order; none: all that have popular answers
    std::optional<std::int64_t> limit;                ///< of each route, 1 to 10,000; default 100
};
BOOST_DESCRIBE_STRUCT(warm_wish, (), (regions, limit))

class cache_admin {
 public:
    /// Requires: both outlive this.
    cache_admin(larder::cache& cache, const redis_watch::server& redis) : cache_{cache}, redis_{redis} {}

    asio::awaitable<cache_report> stats();
    asio::awaitable<outcome<clear_report>> clear(clear_order order);
    asio::awaitable<outcome<key_list>> keys(keys_query q);
    asio::awaitable<outcome<larder::explanation>> explain(std::string key);
    /// What http::warm() is to do; `renew`: answers with less than a quarter of their TTL left, too.
    outcome<http::warm_order> plan_warming(const warm_wish& wish, bool renew) const;

 private:
    asio::awaitable<redis_figures> look_at_redis();
    /// Keys that were found, and whether the search has ended at its limit.
    struct found_keys {
        std::vector<larder::entry_key> keys;
        bool capped = false;
    };
    using key_filter = std::function<bool(const larder::entry_key&)>;
    asio::awaitable<larder::invalidation> drop(const clear_order& order,
                                               std::vector<const larder::region_base*> regions,
                                               std::vector<larder::entry_key> keys);
    /// Those that the name means; none: there is no such region.
    std::vector<const larder::region_base*> named(const std::optional<std::string>& name) const;
    /// Up to `most` keys of these regions that begin with `prefix` and pass the filter.
    asio::awaitable<found_keys> find(std::vector<const larder::region_base*> in, std::string prefix,
                                     const key_filter& passes, std::size_t most);

    larder::cache& cache_;
    redis_watch::server redis_;
};

}  // namespace agora::admin
