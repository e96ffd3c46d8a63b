// SPDX-License-Identifier: MIT
// A circuit breaker over the most recent calls to one dependency. When too many of them have failed it opens, and calls
// are refused at once: ask allows() before each call and report its outcome with succeeded() or failed(). A caller's
// request is never used as the probe. While the breaker is open, its owner sends probes in the background when
// probe_due() returns true, and the outcome of a probe closes the breaker or keeps it open. A probe may take as long as
// the calls that failed have waited, so a dependency that is too slow for its callers does not close the breaker.
// Not thread-safe. Source: M. Nygard, "Release It!", 2007.
#pragma once

#include <bit>
#include <chrono>
#include <cstdint>
#include <larder/capped.hpp>

namespace larder {

struct circuit_breaker_options {
    /// After so many consecutive time-outs without a byte from the server, calls are refused on all connections to it.
    unsigned time_outs = 2;
    unsigned window = 20;  ///< number of recent calls considered; at most 64
    /// With fewer calls than this the breaker stays closed. Also the number of consecutive failed connection attempts
    /// after which calls are refused on all connections.
    unsigned minimum_calls = 5;
    double failure_ratio = 0.5;            ///< the breaker opens when this share of the window, or more, has failed
    capped_milliseconds probe_every{250};  ///< interval between probes
};

class circuit_breaker {
 public:
    using time_point = std::chrono::steady_clock::time_point;
    enum class state : std::uint8_t { closed, open, half_open };  ///< half_open: a probe is in progress

    explicit circuit_breaker(const circuit_breaker_options& o = {}) : options_{o} {}

    /// Whether a call may be made.
    bool allows() const noexcept { return state_ == state::closed; }

    /// While the breaker is open: whether a probe must be sent now. If the outcome of a probe is never reported, the
    /// next one becomes due all the same.
    bool probe_due(time_point now) noexcept
    {
        if (state_ == state::closed || now < probe_at_) return false;
        state_ = state::half_open;
        probe_at_ = now + (longest_wait_ > options_.probe_every ? longest_wait_ : options_.probe_every);
        return true;
    }
    /// When to call probe_due() next; time_point::max() while the breaker is closed.
    time_point next_probe() const noexcept { return state_ == state::closed ? time_point::max() : probe_at_; }
    /// How long a probe may take: the longest wait among the calls that failed.
    std::chrono::milliseconds probe_timeout() const noexcept { return longest_wait_; }

    /// Reports that a call or a probe got its reply in time.
    void succeeded() noexcept
    {
        if (state_ == state::closed) {
            record(0);
        } else {
            reset();
        }
    }

    /// Reports that a call or a probe failed after waiting for `waited`.
    void failed(time_point now, std::chrono::milliseconds waited) noexcept
    {
        record(1);
        if (waited > longest_wait_) longest_wait_ = waited;
        const auto failures = static_cast<unsigned>(std::popcount(failures_));
        const bool too_many = calls_ >= options_.minimum_calls && failures >= options_.failure_ratio * calls_;
        if (state_ == state::half_open || (state_ == state::closed && too_many)) {
            state_ = state::open;
            probe_at_ = now + options_.probe_every;
        }
    }

    /// Closes the breaker and forgets all failures. Call it when the dependency is known to be healthy.
    void reset() noexcept
    {
        state_ = state::closed;
        failures_ = 0;
        calls_ = 0;
        longest_wait_ = {};
    }

    state current() const noexcept { return state_; }

 private:
    void record(std::uint64_t failure) noexcept
    {
        const auto mask = ~std::uint64_t{0} >> (64 - options_.window);
        failures_ = ((failures_ << 1) | failure) & mask;
        if (calls_ < options_.window) ++calls_;
    }

    circuit_breaker_options options_;
    state state_ = state::closed;
    unsigned calls_ = 0;
    std::uint64_t failures_ = 0;  ///< one bit for each recent call, set if it failed
    std::chrono::milliseconds longest_wait_{};
    time_point probe_at_{};
};

}  // namespace larder
