// SPDX-License-Identifier: MIT
// Exponential backoff with full jitter: the n-th delay is drawn uniformly from [0, min(cap, base * 2^n)], so that
// clients that failed at the same moment do not all retry at the same moment. Not thread-safe.
// Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
#pragma once

#include <chrono>
#include <cstdint>
#include <larder/capped.hpp>
#include <random>

namespace larder {

class backoff {
 public:
    using milliseconds = std::chrono::milliseconds;

    /// Without a seed, one is taken from the operating system; tests pass their own.
    backoff(capped_milliseconds base, capped_milliseconds cap) : backoff{base, cap, std::random_device{}()} {}
    backoff(capped_milliseconds base, capped_milliseconds cap, std::uint64_t seed)
        : base_{base}, cap_{cap}, random_{seed}
    {}

    /// Returns the next delay.
    milliseconds next();

    /// Starts over at the first delay. Call it after a success.
    void reset() noexcept { attempt_ = 0; }

 private:
    milliseconds base_;
    milliseconds cap_;
    unsigned attempt_ = 0;
    std::mt19937_64 random_;
};

}  // namespace larder
