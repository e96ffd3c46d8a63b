// SPDX-License-Identifier: MIT
// The health endpoints. check_database() and check_redis() return the state of a dependency; ready(), deep() and
// cache() convert it into responses. A database that accepts no writes, or does not answer, makes the server not ready.
#include <agora/http/encoder.hpp>
#include <agora/log.hpp>
#include <agora/operations/health.hpp>
#include <agora/version.hpp>
#include <larder/cache/inspector.hpp>
#include <larder/runtime.hpp>
#include <larder/timeout.hpp>

#include <array>
#include <cmath>

namespace agora::health {

using http::response;
using namespace std::chrono_literals;

namespace {

constexpr auto ping_limit = 2s;
constexpr std::string_view no_store = "no-store";

template <class T>
response json(unsigned status, const T& value)
{
    response r{status, http::json_type, larder::json::to_string(value)};
    if (status == 503) r.headers.emplace_back("Retry-After", "1");
    return r;
}

}  // namespace

slice::slice(services& s, const watches& w, std::size_t loops, std::function<bool()> draining)
    : outbox_{s.outbox},
      db_{s.outbox.db()},
      redis_{w.redis},
      state_{w.state},
      cache_{s.cache},
      draining_{std::move(draining)},
      started_{std::chrono::steady_clock::now()},
      per_loop_(loops)
{
    s.routes.section("health");
    s.routes.get("/api/health", &slice::health, *this)
        .returns<health_status>(200)
        .named("get_health", "Health")
        .describe("Whether the server is up. Does no I/O.");
    s.routes.get("/live", &slice::live, *this)
        .returns<probe>(200)
        .named("get_liveness", "Liveness")
        .describe("For an orchestrator: whether the process serves at all.");
    s.routes.get("/ready", &slice::ready, *this)
        .returns<probe>(200)
        .returns<probe>(503)
        .named("get_readiness", "Readiness")
        .describe("For a load balancer: 503 when the database does not answer or the server shuts down.");
    s.routes.get("/health/deep", &slice::deep, *this)
        .returns<deep_status>(200)
        .returns<deep_status>(503)
        .named("get_deep_health", "Health of the dependencies")
        .describe("The status and the latency of each dependency. 503 when the database does not answer.");
    s.routes.get("/health/cache", &slice::cache, *this)
        .returns<cache_status>(200)
        .named("get_cache_health", "Health of the cache")
        .describe("The status and the counters of the cache.");
    s.routes.get("/api/version", &slice::version, *this)
        .returns<version_info>(200)
        .named("get_version", "Version")
        .describe("The name and the version of the server.");
}

response slice::health(http::anyone, const http::request& r)
{
    auto& mine = per_loop_[larder::runtime::this_loop()];
    const auto uptime = std::chrono::floor<std::chrono::seconds>(r.received - started_).count();
    if (mine.uptime_seconds != uptime) {
        mine.uptime_seconds = uptime;
        const health_status now{"healthy", std::string{agora::version}, uptime};
        mine.answer = http::prepare(200, http::json_type, larder::json::to_string(now), no_store);
    }
    return response{mine.answer};
}

response slice::live(http::anyone) { return json(200, probe{"alive"}); }

response slice::version(http::anyone) { return json(200, version_info{"agora", std::string{agora::version}}); }

http::asio::awaitable<response> slice::ready(http::anyone)
{
    if (draining_()) co_return json(503, probe{"draining"});
    const auto database = co_await check_database();
    if (database.status != "healthy") {
        const probe not_ready{"database " + database.reason.value_or("unavailable")};
        co_return json(503, not_ready);
    }
    co_return json(200, probe{"ready"});
}

http::asio::awaitable<dependency> slice::check_database()
{
    dependency d;
    d.name = "database";
    d.backend = db_.dialect();
    const auto begin = std::chrono::steady_clock::now();
    try {
        co_await larder::with_timeout(db_.ping(), ping_limit);
        d.version = co_await db_.server_version();
        const auto write_error = co_await larder::with_timeout(outbox_.check_writable(), ping_limit);
        d.status = write_error ? "degraded" : "healthy";
        if (write_error) d.reason = std::string{storage::to_string(*write_error)};
    } catch (const storage::sql_error& e) {
        log::warn("the database does not answer: {}", e.what());
        d.status = "unavailable";
        d.reason = std::string{storage::to_string(e.reason())};
    } catch (const std::exception& e) {
        log::warn("the database does not answer: {}", e.what());
        d.status = "unavailable";
        d.reason = "timeout";
    }
    d.latency_ms = std::chrono::duration<double, std::milli>{std::chrono::steady_clock::now() - begin}.count();
    co_return d;
}

http::asio::awaitable<dependency> slice::check_redis(redis_watch::watch& w, const char* name)
{
    auto found = co_await w.current();
    dependency d;
    d.name = name;
    d.backend = "redis";
    d.status = found.is_healthy() ? "healthy" : found.answers ? "degraded" : "unavailable";
    if (!found.problem.empty()) d.problem = std::move(found.problem);
    d.latency_ms = found.latency_ms;
    d.version = std::move(found.version);
    d.role = std::move(found.role);
    d.used_memory = found.used_memory;
    d.memory_usage = std::move(found.memory_usage);
    d.connected_clients = found.connected_clients;
    co_return d;
}

http::asio::awaitable<response> slice::deep(http::anyone)
{
    deep_status all;
    all.version = agora::version;
    all.dependencies.push_back(co_await check_database());
    all.status = all.dependencies.front().status;
    const bool ready = all.status == "healthy";
    const std::array servers{std::pair{redis_, "redis"}, std::pair{state_, "redis for state"}};
    for (const auto& [server, name] : servers) {
        if (server == nullptr) continue;
        auto found = co_await check_redis(*server, name);
        all.dependencies.push_back(std::move(found));
        if (all.status == "healthy" && all.dependencies.back().status != "healthy") all.status = "degraded";
    }
    co_return json(ready ? 200 : 503, all);
}

http::asio::awaitable<response> slice::cache(http::anyone)
{
    cache_status c;
    c.status = "healthy";
    c.backend = "memory";
    if (redis_ != nullptr) {
        auto found = co_await redis_->current();
        c.latency_ms = found.latency_ms;
        c.stats.redis_available = found.answers;
        if (found.answers) c.backend = "redis";
        if (!found.is_healthy()) c.status = "degraded";
        if (!found.problem.empty()) c.problem = std::move(found.problem);
    }
    const auto stats = larder::cache_inspector{cache_}.stats();
    for (const auto& r : stats.regions) {
        c.stats.hits += r.hits_local + r.hits_shared + r.stale;
        c.stats.misses += r.misses;
    }
    const auto lookups = static_cast<double>(c.stats.hits + c.stats.misses);
    if (lookups > 0) c.stats.hit_rate_percent = std::round(static_cast<double>(c.stats.hits) * 1e4 / lookups) / 100;
    c.stats.memory_cache_size = stats.local.entries;
    co_return json(200, c);
}

}  // namespace agora::health
