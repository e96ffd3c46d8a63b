// SPDX-License-Identifier: MIT
// The state of one Redis server. It is checked in the background, over a connection that has no other traffic, and the
// log has one line when a problem begins and one when it ends. Callers get the result of the last check, so while Redis
// does not answer, none of them waits for it. Thread-safe.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <larder/redis/client.hpp>
#include <larder/runtime.hpp>
#include <mutex>
#include <optional>
#include <string>

namespace agora::redis_watch {

namespace asio = boost::asio;

struct status {
    bool answers = false;
    std::string problem;  ///< one line that begins with Redis's error code, like OOM; empty: reads and writes work
    double latency_ms = 0;
    std::optional<std::string> version;
    std::optional<std::string> role;          ///< master or slave
    std::optional<std::string> memory_usage;  ///< in readable form, like 1.2M
    std::optional<std::int64_t> used_memory;  ///< bytes
    std::optional<std::int64_t> connected_clients;
    std::optional<std::int64_t> operations_per_second;
    std::optional<std::int64_t> keys;        ///< number of keys in the configured database
    std::optional<double> hit_rate_percent;  ///< share of hits in all key lookups since it started

    bool is_healthy() const noexcept { return answers && problem.empty(); }
};

/// What an error means for the server as a whole, as text for the operator. Empty when it concerns only the command.
std::string explain_problem(const larder::redis::error& e);

/// Hosts, ports and mode, without the password.
std::string describe_server(const larder::redis::options& o);

class watch {
 public:
    /// `role`: the purpose of this Redis, for the log; empty: nothing is logged. Does not connect yet. Requires: the
    /// runtime outlives this object.
    watch(larder::runtime& loops, const larder::redis::options& o, std::string role);

    /// Sets a function that is called after each command. Call it before begin().
    void on_command(std::function<void(const larder::redis::command_record&)> f) { client_.on_command(std::move(f)); }
    /// Makes the first check, and logs the address of Redis and whether it answered.
    asio::awaitable<void> begin();
    /// Checks every 5 s, and every second while there is a problem, until the runtime stops.
    asio::awaitable<void> run();
    /// If the last check found no problem, makes a new one, which takes at most a second. Otherwise returns the last
    /// result.
    asio::awaitable<status> current();
    status last() const;

 private:
    asio::awaitable<status> check(std::chrono::milliseconds limit);
    void note(const status& found);

    larder::runtime& loops_;
    const std::string role_;
    const std::string description_;
    const int database_;
    larder::redis::client client_;
    mutable std::mutex mutex_;
    status last_;
    bool begun_ = false;
};

/// The client of a server and the watch on it. Both are null when none is configured.
struct server {
    larder::redis::client* client = nullptr;
    watch* watcher = nullptr;
};

}  // namespace agora::redis_watch
