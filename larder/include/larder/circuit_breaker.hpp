// SPDX-License-Identifier: MIT
// A circuit breaker over the last calls to one dependency: when too many of them failed it opens, and callers are
// refused at once. No call is ever the probe: while it is open, its owner sends probes in the background, as
// probe_due() says, and the outcome of a probe closes it or leaves it open. A probe gets as much time as the calls that
// failed had, so a dependency that is too slow for its callers does not close it. Not thread-safe. Source: M. Nygard,
// "Release It!", 2007.
#pragma once

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdint>
#include <larder/capped.hpp>

namespace larder {

struct circuit_breaker_options {
    unsigned time_outs = 2;  ///< in a row, with no byte from the server in between, refuse callers on all connections
    unsigned window = 20;    ///< calls that are looked back on; at most 64
    unsigned minimum_calls = 5;  ///< fewer never open it; also: tries to connect in a row that must fail
    double failure_ratio = 0.5;  ///< of the window; opens at or above
    capped_milliseconds probe_every{250};
};

class circuit_breaker {
 public:
    using time_point = std::chrono::steady_clock::time_point;
    enum class state : std::uint8_t { closed, open, half_open };  ///< half_open: a probe is under way

    explicit circuit_breaker(const circuit_breaker_options& o = {}) : options_{o} {}

    /// Whether a call may be made.
    bool allows() const noexcept { return state_ == state::closed; }

    /// While it is open: whether a probe is to be sent now. A probe whose outcome is never reported is followed by the
    /// next one.
    bool probe_due(time_point now) noexcept
    {
        if (state_ == state::closed || now < probe_at_) return false;
        state_ = state::half_open;
        probe_at_ = now + std::max<std::chrono::milliseconds>(options_.probe_every, patience_);
        return true;
    }
    /// When probe_due() is to be asked; the end of time while it is closed.
    time_point next_probe() const noexcept { return state_ == state::closed ? time_point::max() : probe_at_; }
    /// How long a probe may take: as long as the most patient of the calls that failed has waited.
    std::chrono::milliseconds patience() const noexcept { return patience_; }

    /// A call or a probe was answered in time.
    void succeeded() noexcept
    {
        if (state_ == state::closed) {
            record(0);
        } else {
            reset();
        }
    }

    /// A call or a probe failed after so long.
    void failed(time_point now, std::chrono::milliseconds waited) noexcept
    {
        record(1);
        patience_ = std::max(patience_, waited);
        const auto failures = static_cast<unsigned>(std::popcount(failures_));
        const bool too_many = calls_ >= options_.minimum_calls && failures >= options_.failure_ratio * calls_;
        if (state_ == state::half_open || (state_ == state::closed && too_many)) {
            state_ = state::open;
            probe_at_ = now + options_.probe_every;
        }
    }

    /// The dependency is known to be well.
    void reset() noexcept
    {
        state_ = state::closed;
        failures_ = 0;
        calls_ = 0;
        patience_ = {};
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
    std::chrono::milliseconds patience_{};
    time_point probe_at_{};
};

}  // namespace larder
