// SPDX-License-Identifier: MIT
// What is known of one Redis server. It is looked at in the background, by a connection of its own that has no other
// traffic, and the log says once when something is wrong and once when that is over. Whoever wants to know reads what
// the last look found: while Redis does not answer nobody waits for it. Thread-safe.
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
    std::string problem;  ///< one line that begins with Redis's own word, like OOM; empty: it serves and stores
    double latency_ms = 0;
    std::optional<std::string> version;
    std::optional<std::string> role;          ///< master or slave
    std::optional<std::string> memory_usage;  ///< for people, like 1.2M
    std::optional<std::int64_t> used_memory;  ///< bytes
    std::optional<std::int64_t> connected_clients;
    std::optional<std::int64_t> operations_per_second;
    std::optional<std::int64_t> keys;        ///< in the database that is used
    std::optional<double> hit_rate_percent;  ///< of all lookups of keys since it started

    bool well() const noexcept { return answers && problem.empty(); }
};

/// What an error means for the server as a whole, in words for the operator; empty: it concerns the command only.
std::string explain_problem(const larder::redis::error& e);

/// host, port and mode; no password.
std::string place_of(const larder::redis::options& o);

class watch {
 public:
    /// `role`: what it is used for, as the log names it; empty: nothing is logged. Nothing is connected yet. Requires:
    /// the runtime outlives this.
    watch(larder::runtime& loops, const larder::redis::options& o, std::string role);

    /// Called after each command; set before begin().
    void on_command(std::function<void(const larder::redis::command_record&)> f) { client_.on_command(std::move(f)); }
    /// The first look, and the line in the log that says where Redis is and whether it answered.
    asio::awaitable<void> begin();
    /// Looks every 5 s, and every second while something is wrong, until the runtime stops.
    asio::awaitable<void> run();
    /// Takes a fresh look (at most a second) if the last one found all well, else returns what that found.
    asio::awaitable<status> current();
    status last() const;

 private:
    asio::awaitable<status> look(std::chrono::milliseconds limit);
    void note(const status& found);

    larder::runtime& loops_;
    const std::string role_;
    const std::string place_;
    const int database_;
    larder::redis::client client_;
    mutable std::mutex mutex_;
    status last_;
    bool begun_ = false;
};

/// A server and what is known of it; both null: none is configured.
struct server {
    larder::redis::client* client = nullptr;
    watch* seen = nullptr;
};

}  // namespace agora::redis_watch
