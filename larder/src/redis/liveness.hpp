// SPDX-License-Identifier: MIT
// Whether a server shows any sign of life, as observed by all connections to it together. After two time-outs in a row,
// on any of them, or several failed attempts to connect, is_silent() makes all of them refuse callers at once, until a
// byte from the server arrives or a connection to it completes its handshake. Pending replies, new attempts to connect,
// and a PING where neither is in progress show when the server is back. Lock-free, except for the lookup by name.
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

    /// Whether callers must be refused.
    bool is_silent() const noexcept
    {
        return time_outs_.load(std::memory_order_relaxed) >= options_.time_outs ||
               failed_tries_.load(std::memory_order_relaxed) >= options_.minimum_calls;
    }
    /// Bytes from the server have arrived, or a handshake was completed.
    void note_activity(steady_time now) noexcept
    {
        // All event loops share this cache line, so it is written rarely.
        if (now - last_activity_.load(std::memory_order_relaxed) > std::chrono::milliseconds{1})
            last_activity_.store(now, std::memory_order_relaxed);
        if (time_outs_.load(std::memory_order_relaxed) != 0) time_outs_.store(0, std::memory_order_relaxed);
        if (failed_tries_.load(std::memory_order_relaxed) != 0) failed_tries_.store(0, std::memory_order_relaxed);
    }
    /// A command that was submitted at `since` has timed out. If anything has arrived from the server in between, this
    /// is no sign of silence: the server is slow, or one connection is broken.
    void timed_out(steady_time since) noexcept
    {
        if (since >= last_activity_.load(std::memory_order_relaxed)) time_outs_.fetch_add(1, std::memory_order_relaxed);
    }
    /// An attempt to connect failed without a time-out.
    void failed_to_connect() noexcept { failed_tries_.fetch_add(1, std::memory_order_relaxed); }

 private:
    const circuit_breaker_options options_;
    std::atomic<steady_time> last_activity_{steady_time{}};
    std::atomic<unsigned> time_outs_ = 0;
    std::atomic<unsigned> failed_tries_ = 0;
};

/// The liveness of each server, by the server's name.
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
