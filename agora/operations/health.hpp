// SPDX-License-Identifier: MIT
// Whether the server is up and ready, and the state of what it depends on: /api/health, /live, /ready, /health/deep,
// /health/cache, /api/version. /api/health is a prepared response, renewed once a second per loop; it does no I/O and
// does not allocate.
#pragma once

#include <agora/http/router.hpp>
#include <agora/operations/redis_watch.hpp>
#include <agora/services/services.hpp>
#include <agora/storage/outbox.hpp>
#include <boost/describe.hpp>
#include <functional>
#include <larder/cache.hpp>
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

struct probe {
    std::string status;
};
BOOST_DESCRIBE_STRUCT(probe, (), (status))

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

struct deep_status {
    std::string status;  ///< "healthy"; "degraded": Redis has a problem or the database accepts no writes;
                         ///< "unavailable": the database does not answer
    std::string version;
    std::vector<dependency> dependencies;
};
BOOST_DESCRIBE_STRUCT(deep_status, (), (status, version, dependencies))

/// The field names are prescribed by the requirements.
struct cache_counters {
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    double hit_rate_percent = 0;
    bool redis_available = false;
    std::uint64_t memory_cache_size = 0;  ///< number of entries in this process
};
BOOST_DESCRIBE_STRUCT(cache_counters, (), (hits, misses, hit_rate_percent, redis_available, memory_cache_size))

struct cache_status {
    std::string status;   ///< "healthy"; "degraded" when Redis is configured and has a problem
    std::string backend;  ///< "redis" or "memory"
    double latency_ms = 0;
    cache_counters stats;
    std::optional<std::string> problem;  ///< Redis: one line for the operator
};
BOOST_DESCRIBE_STRUCT(cache_status, (), (status, backend, latency_ms, stats, problem))

struct version_info {
    std::string name;
    std::string version;
};
BOOST_DESCRIBE_STRUCT(version_info, (), (name, version))

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
