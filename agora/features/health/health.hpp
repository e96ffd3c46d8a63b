// SPDX-License-Identifier: MIT
// Is the server up, ready, and what of it is not well: /api/health, /live, /ready, /health/deep, /api/version.
// The first is a prepared answer, renewed once a second per loop; it does no I/O and allocates nothing.
#pragma once

#include <agora/http/router.hpp>
#include <agora/storage/db.hpp>
#include <boost/describe.hpp>
#include <functional>
#include <larder/redis/client.hpp>
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
    std::string status;  ///< "healthy" or "unavailable"
    std::string backend;
    std::optional<std::string> version;
    double latency_ms = 0;
    std::optional<std::string> role;                ///< Redis: master or slave
    std::optional<std::int64_t> used_memory;        ///< Redis: bytes
    std::optional<std::string> memory_usage;        ///< the same for people, like 1.2M
    std::optional<std::int64_t> connected_clients;  ///< Redis
};
BOOST_DESCRIBE_STRUCT(dependency, (),
                      (name, status, backend, version, latency_ms, role, used_memory, memory_usage, connected_clients))

struct deep_status {
    std::string status;  ///< "healthy"; "degraded" when Redis is away, "unavailable" when the database is
    std::string version;
    std::vector<dependency> dependencies;
};
BOOST_DESCRIBE_STRUCT(deep_status, (), (status, version, dependencies))

struct version_info {
    std::string name;
    std::string version;
};
BOOST_DESCRIBE_STRUCT(version_info, (), (name, version))

class health_api {
 public:
    /// `loops`: how many event loops will ask. `draining`: whether the server is going down.
    /// `redis` may be null: none is configured.
    health_api(storage::database& db, larder::redis::client* redis, std::size_t loops, std::function<bool()> draining);

    http::response health(const http::request& r);
    http::response live();
    http::response version();
    http::asio::awaitable<http::response> ready();
    http::asio::awaitable<http::response> deep();

 private:
    struct prepared_second {
        std::int64_t uptime_seconds = -1;
        http::prepared_response answer;
    };
    http::asio::awaitable<dependency> check_database();
    http::asio::awaitable<dependency> check_redis();

    storage::database& db_;
    larder::redis::client* redis_;
    std::function<bool()> draining_;
    larder::steady_time started_;
    std::vector<prepared_second> per_loop_;
};

void mount_health(http::router& routes, health_api& api);

}  // namespace agora::health
