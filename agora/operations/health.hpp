// SPDX-License-Identifier: MIT
// Whether the server is up and ready, and the state of what it depends on: /api/health, /live, /ready, /health/deep,
// /health/cache, /api/version. /api/health is a prepared response, renewed once a second per loop; it does no I/O and
// does not allocate.
#pragma once

#include <agora/http/router.hpp>
#include <agora/operations/redis_watch.hpp>
#include <agora/services/services.hpp>
#include <agora/storage/outbox.hpp>
#include <array>
#include <boost/describe.hpp>
#include <functional>
#include <larder/cache.hpp>
#include <larder/json/schema.hpp>
#include <optional>
#include <string>
#include <vector>

namespace agora::health {

struct health_status {
    std::string status;
    std::string version;
    std::int64_t uptime_seconds = 0;
};
BOOST_DESCRIBE_STRUCT(health_status, (), (status, version, uptime_seconds))

inline constexpr std::array<std::string_view, 3> status_words{"healthy", "degraded", "unavailable"};
inline constexpr std::array<std::string_view, 2> backend_words{"redis", "memory"};

inline constexpr larder::json::member_facts health_status_facts[]{
    {.name = "status", .meaning = "Always healthy."},
    {.name = "version", .meaning = "The version of the server."},
    {.name = "uptime_seconds", .meaning = "How long the process has run.", .least = 0},
};
inline larder::json::type_facts facts_of(std::type_identity<health_status>)
{
    return {"Health", "Whether the server is up.", health_status_facts};
}

struct probe {
    std::string status;
};
BOOST_DESCRIBE_STRUCT(probe, (), (status))

inline constexpr larder::json::member_facts probe_facts[]{
    {.name = "status", .meaning = "A word that says so, such as alive or ready."},
};
inline larder::json::type_facts facts_of(std::type_identity<probe>)
{
    return {"Probe", "The answer to a probe.", probe_facts};
}

struct dependency {
    std::string name;
    std::string status;  ///< "healthy", "degraded" (it answers, but refuses writes or more) or "unavailable"
    std::optional<std::string> reason;   ///< database, unless healthy: name of a storage::errc, like "read_only"
    std::optional<std::string> problem;  ///< Redis, unless healthy: one line for the operator
    std::string backend;
    std::optional<std::string> version;
    double latency_ms = 0;
    std::optional<std::string> role;                ///< Redis: master or slave
    std::optional<std::int64_t> used_memory;        ///< Redis: bytes
    std::optional<std::string> memory_usage;        ///< Redis: the same in readable form, like 1.2M
    std::optional<std::int64_t> connected_clients;  ///< Redis
};
BOOST_DESCRIBE_STRUCT(dependency, (),
                      (name, status, reason, problem, backend, version, latency_ms, role, used_memory, memory_usage,
                       connected_clients))

inline constexpr larder::json::member_facts dependency_facts[]{
    {.name = "name", .meaning = "What it is for."},
    {.name = "status", .meaning = "degraded: it answers, but refuses writes or more.", .words = status_words},
    {.name = "reason", .meaning = "Of a database that is not healthy: a word, such as read_only."},
    {.name = "problem", .meaning = "Of a Redis that is not healthy: one line for the operator."},
    {.name = "backend", .meaning = "What it is."},
    {.name = "version", .meaning = "Its version, as far as it says so."},
    {.name = "latency_ms", .meaning = "How long it took to answer."},
    {.name = "role", .meaning = "Of Redis: master or slave."},
    {.name = "used_memory", .meaning = "Of Redis: bytes."},
    {.name = "memory_usage", .meaning = "Of Redis: the same in readable form, such as 1.2M."},
    {.name = "connected_clients", .meaning = "Of Redis: how many clients it has."},
};
inline larder::json::type_facts facts_of(std::type_identity<dependency>)
{
    return {"Dependency", "Something that the server depends on.", dependency_facts};
}

struct deep_status {
    std::string status;  ///< "healthy"; "degraded": Redis has a problem or the database accepts no writes;
                         ///< "unavailable": the database does not answer
    std::string version;
    std::vector<dependency> dependencies;
};
BOOST_DESCRIBE_STRUCT(deep_status, (), (status, version, dependencies))

inline constexpr larder::json::member_facts deep_status_facts[]{
    {.name = "status",
     .meaning =
         "degraded: Redis has a problem, or the database accepts no writes. unavailable: the database does not answer.",
     .words = status_words},
    {.name = "version", .meaning = "The version of the server."},
    {.name = "dependencies", .meaning = "Each with its state."},
};
inline larder::json::type_facts facts_of(std::type_identity<deep_status>)
{
    return {"DeepHealth", "The state of all dependencies.", deep_status_facts};
}

/// The field names are prescribed by the requirements.
struct cache_counters {
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    double hit_rate_percent = 0;
    bool redis_available = false;
    std::uint64_t memory_cache_size = 0;  ///< number of entries in this process
};
BOOST_DESCRIBE_STRUCT(cache_counters, (), (hits, misses, hit_rate_percent, redis_available, memory_cache_size))

inline constexpr larder::json::member_facts cache_counters_facts[]{
    {.name = "hits", .meaning = "Lookups that the cache answered."},
    {.name = "misses", .meaning = "Lookups that it could not answer."},
    {.name = "hit_rate_percent", .meaning = "The share of hits."},
    {.name = "redis_available", .meaning = "Whether Redis answers."},
    {.name = "memory_cache_size", .meaning = "How many entries this process has."},
};
inline larder::json::type_facts facts_of(std::type_identity<cache_counters>)
{
    return {"CacheCounters", "The lookups in the cache since the process started.", cache_counters_facts};
}

struct cache_status {
    std::string status;   ///< "healthy"; "degraded" when Redis is configured and has a problem
    std::string backend;  ///< "redis" or "memory"
    double latency_ms = 0;
    cache_counters stats;
    std::optional<std::string> problem;  ///< Redis: one line for the operator
};
BOOST_DESCRIBE_STRUCT(cache_status, (), (status, backend, latency_ms, stats, problem))

inline constexpr larder::json::member_facts cache_status_facts[]{
    {.name = "status", .meaning = "degraded: Redis is configured and has a problem.", .words = status_words},
    {.name = "backend",
     .meaning = "redis, or memory when Redis does not answer or none is configured.",
     .words = backend_words},
    {.name = "latency_ms", .meaning = "How long Redis took to answer."},
    {.name = "stats", .meaning = "The counters."},
    {.name = "problem", .meaning = "One line for the operator; null: none."},
};
inline larder::json::type_facts facts_of(std::type_identity<cache_status>)
{
    return {"CacheHealth", "The state of the cache.", cache_status_facts};
}

struct version_info {
    std::string name;
    std::string version;
};
BOOST_DESCRIBE_STRUCT(version_info, (), (name, version))

inline constexpr larder::json::member_facts version_info_facts[]{
    {.name = "name", .meaning = "Always agora."},
    {.name = "version", .meaning = "The version of the server."},
};
inline larder::json::type_facts facts_of(std::type_identity<version_info>)
{
    return {"Version", "What serves.", version_info_facts};
}

/// The watches of the cache's Redis and of the one that only holds sessions and limits. Null: not configured, or the
/// same as the cache's.
struct watches {
    redis_watch::watch* redis = nullptr;
    redis_watch::watch* state = nullptr;
};

class slice {
 public:
    /// `loops`: number of event loops that serve requests. `draining`: returns whether the server is shutting down.
    slice(services& s, const watches& w, std::size_t loops, std::function<bool()> draining);

 private:
    http::response health(http::anyone, const http::request& r);
    http::response live(http::anyone);
    http::response version(http::anyone);
    http::asio::awaitable<http::response> ready(http::anyone);
    http::asio::awaitable<http::response> deep(http::anyone);
    http::asio::awaitable<http::response> cache(http::anyone);

    struct prepared_second {
        std::int64_t uptime_seconds = -1;
        http::prepared_response answer;
    };
    http::asio::awaitable<dependency> check_database();
    static http::asio::awaitable<dependency> check_redis(redis_watch::watch& w, const char* name);

    storage::outbox& outbox_;
    storage::database& db_;
    redis_watch::watch* redis_;
    redis_watch::watch* state_;
    const larder::cache& cache_;
    std::function<bool()> draining_;
    larder::steady_time started_;
    std::vector<prepared_second> per_loop_;
};

}  // namespace agora::health
