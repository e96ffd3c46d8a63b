// SPDX-License-Identifier: MIT
// A circuit breaker over the last calls to one dependency: when too many of them failed it opens, and callers are told
// at once; after a while one probe is let through, and its outcome closes or opens it again. Not thread-safe. Source:
// M. Nygard, "Release It!", 2007.
#pragma once

#include <bit>
#include <chrono>
#include <cstdint>
#include <larder/clock.hpp>

namespace larder {

struct circuit_breaker_options {
    unsigned window = 20;        ///< calls that are looked back on; at most 64
    unsigned minimum_calls = 5;  ///< fewer never open it
    double failure_ratio = 0.5;  ///< of the window; opens at or above
    std::chrono::milliseconds open_for{250};
};

class circuit_breaker {
 public:
    enum class state : std::uint8_t { closed, open, half_open };

    explicit circuit_breaker(const circuit_breaker_options& o = {}) : options_{o} {}

    /// Whether a call may be made now. In the half-open state one may, until its outcome is known or `open_for` is
    /// over.
    bool allow(steady_time now) noexcept
    {
        if (state_ == state::closed) return true;
        if (now < probe_at_) return false;
        state_ = state::half_open;
        probe_at_ = now + options_.open_for;
        return true;
    }

    void succeeded() noexcept
    {
        if (state_ == state::closed) {
            record(0);
        } else {
            reset();
        }
    }

    void failed(steady_time now) noexcept
    {
        record(1);
        const auto failures = static_cast<unsigned>(std::popcount(failures_));
        const bool too_many = calls_ >= options_.minimum_calls && failures >= options_.failure_ratio * calls_;
        if (state_ == state::half_open || (state_ == state::closed && too_many)) {
            state_ = state::open;
            probe_at_ = now + options_.open_for;
        }
    }

    /// The dependency is known to be well.
    void reset() noexcept
    {
        state_ = state::closed;
        failures_ = 0;
        calls_ = 0;
    }

    state now() const noexcept { return state_; }

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
    std::uint64_t failures_ = 0;  ///< a bit for each of the last calls
    steady_time probe_at_{};
};

}  // namespace larder
