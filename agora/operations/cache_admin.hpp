// SPDX-License-Identifier: MIT
// Inspects and clears the cache, for /api/admin/cache and for `agora cache`. The structs are the JSON bodies of
// requests and responses; class cache_admin has one function per operation. Thread-safe, as the cache is.
#pragma once

#include <agora/http/warming.hpp>
#include <agora/operations/redis_watch.hpp>
#include <agora/outcome.hpp>
#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/describe.hpp>
#include <functional>
#include <larder/cache/inspector.hpp>
#include <larder/json/schema.hpp>
#include <optional>
#include <string>
#include <vector>

// The facts about types of larder, which itself needs none.
namespace larder {

inline constexpr json::member_facts region_stats_facts[]{
    {.name = "region", .meaning = "The pattern of the region."},
    {.name = "hits_local", .meaning = "Lookups that this process answered."},
    {.name = "hits_shared", .meaning = "Lookups that Redis answered."},
    {.name = "misses", .meaning = "Lookups that were loaded."},
    {.name = "stale", .meaning = "Lookups that were answered with a value past its TTL."},
    {.name = "negative", .meaning = "Hits on entries that say that there is nothing."},
    {.name = "coalesced", .meaning = "Lookups that waited for the load of another caller."},
    {.name = "loads", .meaning = "How often the value was loaded."},
    {.name = "load_failures", .meaning = "Loads that failed."},
    {.name = "refused", .meaning = "Values that were not stored because they were invalidated meanwhile."},
    {.name = "corrupt", .meaning = "Values in Redis that are not valid entries."},
    {.name = "oversized", .meaning = "Values that are too big to store."},
    {.name = "redis_failures", .meaning = "Calls of Redis that failed."},
    {.name = "entries", .meaning = "Entries in this process."},
    {.name = "bytes", .meaning = "The size of these entries."},
    {.name = "evicted", .meaning = "Entries that were removed to make room."},
    {.name = "load_seconds", .meaning = "The total duration of all loads."},
    {.name = "load_p50_ms", .meaning = "The median duration of a load."},
    {.name = "load_p99_ms", .meaning = "99 of 100 loads are faster."},
};
inline json::type_facts facts_of(std::type_identity<region_stats>)
{
    return {"RegionCounters", "The counters of one region.", region_stats_facts};
}

inline constexpr json::member_facts explanation_facts[]{
    {.name = "key", .meaning = "The key that was asked for."},
    {.name = "region", .meaning = "The region that the key belongs to."},
    {.name = "verdict", .meaning = "What a lookup would do now, in one sentence."},
    {.name = "local", .meaning = "In this process: absent, fresh, stale, invalid or unproven."},
    {.name = "shared",
     .meaning = "In Redis: none (no Redis), absent, fresh, stale, invalid, loading, corrupt, foreign or unreachable."},
    {.name = "local_ttl_ms", .meaning = "The rest of the TTL in this process."},
    {.name = "shared_ttl_ms", .meaning = "The rest of the TTL in Redis."},
    {.name = "lease_ms", .meaning = "The rest of the lease of a load in progress on any node; 0: none."},
    {.name = "invalid_tags", .meaning = "The tags that make the entry invalid."},
};
inline json::type_facts facts_of(std::type_identity<explanation>)
{
    return {"KeyExplanation", "Why a key is a hit or a miss.", explanation_facts};
}

}  // namespace larder

namespace agora::admin {

namespace asio = boost::asio;

struct memory_stats {
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;
    std::uint64_t evicted = 0;
    std::uint64_t expired = 0;
};
BOOST_DESCRIBE_STRUCT(memory_stats, (), (entries, bytes, evicted, expired))

/// The states of a circuit breaker.
inline constexpr std::array<std::string_view, 3> circuit_words{"closed", "open", "half_open"};
inline constexpr std::int64_t max_listed = 10'000;  ///< keys or responses that one request may list

inline constexpr larder::json::member_facts memory_stats_facts[]{
    {.name = "entries", .meaning = "How many entries it has."},
    {.name = "bytes", .meaning = "The size of these entries."},
    {.name = "evicted", .meaning = "How many entries were removed to make room."},
    {.name = "expired", .meaning = "How many entries were removed because they had expired."},
};
inline larder::json::type_facts facts_of(std::type_identity<memory_stats>)
{
    return {"MemoryStats", "The cache in this process.", memory_stats_facts};
}

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

inline constexpr larder::json::member_facts redis_stats_facts[]{
    {.name = "available", .meaning = "Whether it answers."},
    {.name = "circuit", .meaning = "The state of the circuit breaker.", .words = circuit_words},
    {.name = "problem", .meaning = "One line for the operator; null: none."},
    {.name = "used_memory", .meaning = "In bytes."},
    {.name = "keys", .meaning = "How many keys it has."},
    {.name = "operations_per_second", .meaning = "As Redis measures them."},
    {.name = "hit_rate_percent", .meaning = "The share of hits in all key lookups since Redis started."},
};
inline larder::json::type_facts facts_of(std::type_identity<redis_stats>)
{
    return {"RedisStats", "The Redis of the cache.", redis_stats_facts};
}

struct region_summary : larder::region_stats {
    double hit_rate_percent = 0;
};
BOOST_DESCRIBE_STRUCT(region_summary, (larder::region_stats), (hit_rate_percent))

inline constexpr larder::json::member_facts region_summary_facts[]{
    {.name = "hit_rate_percent", .meaning = "The share of hits in all lookups."},
};
inline larder::json::type_facts facts_of(std::type_identity<region_summary>)
{
    return {"RegionStats", "One region of the cache since the process started.", region_summary_facts};
}

struct cache_report {
    std::vector<region_summary> regions;
    memory_stats memory;
    std::optional<redis_stats> redis;
    std::uint64_t pending_invalidations = 0;
    bool tracked = false;  ///< Redis pushes invalidations to this process
};
BOOST_DESCRIBE_STRUCT(cache_report, (), (regions, memory, redis, pending_invalidations, tracked))

inline constexpr larder::json::member_facts cache_report_facts[]{
    {.name = "regions", .meaning = "One for each region."},
    {.name = "memory", .meaning = "The cache in this process."},
    {.name = "redis", .meaning = "Null: no Redis is configured."},
    {.name = "pending_invalidations", .meaning = "How many invalidations Redis has not confirmed yet."},
    {.name = "tracked", .meaning = "Whether Redis pushes invalidations to this process."},
};
inline larder::json::type_facts facts_of(std::type_identity<cache_report>)
{
    return {"CacheReport", "The state of the cache.", cache_report_facts};
}

/// Which entries to clear. Exactly one of the first four members must be set.
struct clear_request {
    std::optional<std::string> region;   ///< its pattern, or the part before the first placeholder: "posts:list"
    std::optional<std::string> tag;      ///< e.g. "posts-of:7"
    std::optional<std::string> pattern;  ///< pattern of keys, e.g. "posts:list:*"
    std::optional<bool> all;
    std::optional<bool> dry_run;  ///< only count the entries
};
BOOST_DESCRIBE_STRUCT(clear_request, (), (region, tag, pattern, all, dry_run))

inline constexpr larder::json::member_facts clear_request_facts[]{
    {.name = "region",
     .meaning = "A region: its pattern, or the part before the first placeholder, such as posts:list."},
    {.name = "tag", .meaning = "A tag, such as posts-of:7."},
    {.name = "pattern", .meaning = "A pattern of keys, such as posts:list:*."},
    {.name = "all", .meaning = "Must be true."},
    {.name = "dry_run", .meaning = "Whether to count the entries only.", .initial = "false"},
};
inline larder::json::type_facts facts_of(std::type_identity<clear_request>)
{
    return {"CacheClear", "Which entries to remove: exactly one of region, tag, pattern and all.", clear_request_facts};
}

struct clear_report {
    std::uint64_t cleared = 0;       ///< number of entries; for a tag, those whose keys imply the tag
    bool cleared_is_capped = false;  ///< counting stopped at 100,000 keys
    bool confirmed = true;           ///< false: Redis does not answer; the invalidation is retried until it does
};
BOOST_DESCRIBE_STRUCT(clear_report, (), (cleared, cleared_is_capped, confirmed))

inline constexpr larder::json::member_facts clear_report_facts[]{
    {.name = "cleared", .meaning = "How many entries; for a tag, those whose keys imply the tag."},
    {.name = "cleared_is_capped", .meaning = "Whether counting stopped at 100,000 keys."},
    {.name = "confirmed", .meaning = "False: Redis does not answer, and the invalidation is repeated until it does."},
};
inline larder::json::type_facts facts_of(std::type_identity<clear_report>)
{
    return {"CacheCleared", "What was removed.", clear_report_facts};
}

struct keys_query {
    std::optional<std::string> region;
    std::optional<std::string> prefix;
    std::optional<std::int64_t> limit;  ///< 1 to 10,000; default 100
};
BOOST_DESCRIBE_STRUCT(keys_query, (), (region, prefix, limit))

inline constexpr larder::json::member_facts keys_query_facts[]{
    {.name = "region", .meaning = "Only keys of this region: its pattern, or the part before the first placeholder."},
    {.name = "prefix", .meaning = "Only keys that begin with this text."},
    {.name = "limit", .meaning = "How many keys to return at most.", .least = 1, .most = max_listed, .initial = "100"},
};
inline larder::json::type_facts facts_of(std::type_identity<keys_query>)
{
    return {"CacheKeyQuery", "Which keys to return.", keys_query_facts};
}

struct key_list {
    std::vector<std::string> keys;  ///< sorted
};
BOOST_DESCRIBE_STRUCT(key_list, (), (keys))

inline constexpr larder::json::member_facts key_list_facts[]{
    {.name = "keys", .meaning = "Sorted."},
};
inline larder::json::type_facts facts_of(std::type_identity<key_list>)
{
    return {"CacheKeys", "Keys of the cache.", key_list_facts};
}

struct warm_request {
    std::optional<std::vector<std::string>> regions;  ///< as in clear_request; none: all regions with popular responses
    std::optional<std::int64_t> limit;                ///< responses per route, 1 to 10,000; default 100
};
BOOST_DESCRIBE_STRUCT(warm_request, (), (regions, limit))

inline constexpr larder::json::member_facts warm_request_facts[]{
    {.name = "regions",
     .meaning = "Regions, each its pattern or the part before the first placeholder. Absent: all that have popular "
                "responses."},
    {.name = "limit",
     .meaning = "How many responses to load for each route at most.",
     .least = 1,
     .most = max_listed,
     .initial = "100"},
};
inline larder::json::type_facts facts_of(std::type_identity<warm_request>)
{
    return {"CacheWarming", "What to load.", warm_request_facts};
}

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
