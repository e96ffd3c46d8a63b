// SPDX-License-Identifier: MIT
// Whether a server gives any sign of life, as all connections to it know together: two time-outs in a row, on whatever
// connections, and callers are refused at once on all of them, until a byte of the server arrives or a connection to it
// is greeted. The probe is what goes on anyway: the reply that is still owed on a connection, and the dialer.
// Lock-free but for the lookup by name.
#pragma once

#include <atomic>
#include <larder/circuit_breaker.hpp>
#include <larder/clock.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace larder::redis {

class server_liveness {
 public:
    explicit server_liveness(const circuit_breaker_options& o) : options_{o} {}

    /// Callers are to be refused.
    bool is_silent() const noexcept
    {
        return time_outs_.load(std::memory_order_relaxed) >= options_.time_outs ||
               failed_tries_.load(std::memory_order_relaxed) >= options_.minimum_calls;
    }
    /// Bytes of the server have arrived; or a connection was greeted.
    void heard(steady_time now) noexcept
    {
        // Loops share the line of memory, so it is rarely written.
        if (now - heard_.load(std::memory_order_relaxed) > std::chrono::milliseconds{1})
            heard_.store(now, std::memory_order_relaxed);
        if (time_outs_.load(std::memory_order_relaxed) != 0) time_outs_.store(0, std::memory_order_relaxed);
        if (failed_tries_.load(std::memory_order_relaxed) != 0) failed_tries_.store(0, std::memory_order_relaxed);
    }
    /// A command that was submitted `since` has timed out. It is no sign of silence if anything was heard meanwhile:
    /// then the server is slow, or one connection is broken.
    void timed_out(steady_time since) noexcept
    {
        if (since >= heard_.load(std::memory_order_relaxed)) time_outs_.fetch_add(1, std::memory_order_relaxed);
    }
    /// A try to connect failed at once.
    void failed_to_connect() noexcept { failed_tries_.fetch_add(1, std::memory_order_relaxed); }

 private:
    const circuit_breaker_options options_;
    std::atomic<steady_time> heard_{steady_time{}};
    std::atomic<unsigned> time_outs_ = 0;
    std::atomic<unsigned> failed_tries_ = 0;
};

/// What is known of each server, by its name.
class liveness {
 public:
    std::shared_ptr<server_liveness> of(const std::string& server, const circuit_breaker_options& o)
    {
        const std::lock_guard lock{mutex_};
        auto& known = servers_[server];
        if (!known) known = std::make_shared<server_liveness>(o);
        return known;
    }

 private:
    std::mutex mutex_;
    std::map<std::string, std::shared_ptr<server_liveness>> servers_;
};

}  // namespace larder::redis
