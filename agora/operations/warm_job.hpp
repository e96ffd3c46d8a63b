// SPDX-License-Identifier: MIT
// The background job that warms the cache, at most one per process, and its progress. A job is started by an admin or
// when the server starts, and ends early when the server shuts down. Thread-safe.
#pragma once

#include <agora/http/router.hpp>
#include <agora/http/warming.hpp>
#include <array>
#include <functional>
#include <larder/json/schema.hpp>
#include <mutex>
#include <string>

namespace agora::admin {

namespace asio = boost::asio;

struct warm_report {
    std::string state = "none";  ///< none, running, done, stopped (the server is shutting down), failed
    std::uint64_t total = 0;
    std::uint64_t done = 0;
    std::uint64_t loaded = 0;
    std::uint64_t fresh = 0;   ///< were already cached
    std::uint64_t failed = 0;  ///< could not be loaded
    double seconds = 0;
};
BOOST_DESCRIBE_STRUCT(warm_report, (), (state, total, done, loaded, fresh, failed, seconds))

inline constexpr std::array<std::string_view, 5> warm_states{"none", "running", "done", "stopped", "failed"};

inline constexpr larder::json::member_facts warm_report_facts[]{
    {.name = "state", .meaning = "stopped: the server was shutting down.", .words = warm_states},
    {.name = "total", .meaning = "How many responses are to be loaded."},
    {.name = "done", .meaning = "How many are finished."},
    {.name = "loaded", .meaning = "How many were loaded."},
    {.name = "fresh", .meaning = "How many were cached already."},
    {.name = "failed", .meaning = "How many could not be loaded."},
    {.name = "seconds", .meaning = "How long it has taken."},
};
inline larder::json::type_facts facts_of(std::type_identity<warm_report>)
{
    return {"WarmReport", "The progress of warming the cache.", warm_report_facts};
}

class warm_job {
 public:
    using spawner = std::function<void(asio::awaitable<void>)>;
    /// `draining`: returns whether the job must end early. Requires: `routes` outlives the work that is spawned.
    warm_job(const http::router& routes, spawner spawn, std::function<bool()> draining)
        : routes_{routes}, spawn_{std::move(spawn)}, draining_{std::move(draining)}
    {}

    /// Returns false when a job is running already.
    bool start(http::warm_options order);
    warm_report report() const;

 private:
    asio::awaitable<void> run(http::warm_options order);
    bool note(const http::warm_progress& p);

    const http::router& routes_;
    const spawner spawn_;
    const std::function<bool()> draining_;
    mutable std::mutex mutex_;
    warm_report report_;
    larder::steady_time began_{};
};

}  // namespace agora::admin
