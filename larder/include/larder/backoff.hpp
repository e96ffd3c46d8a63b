// SPDX-License-Identifier: MIT
// Exponential backoff with full jitter: the n-th delay is uniform in [0, min(cap, base * 2^n)], so that many
// clients that failed together do not return together. Not thread-safe.
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

    /// `seed` is for tests; by default it comes from the operating system.
    backoff(capped_milliseconds base, capped_milliseconds cap) : backoff{base, cap, std::random_device{}()} {}
    backoff(capped_milliseconds base, capped_milliseconds cap, std::uint64_t seed)
        : base_{base}, cap_{cap}, random_{seed}
    {}

    /// The next delay.
    milliseconds next();

    /// After a success: the next delay is a first one again.
    void reset() noexcept { attempt_ = 0; }

 private:
    milliseconds base_;
    milliseconds cap_;
    unsigned attempt_ = 0;
    std::mt19937_64 random_;
};

}  // namespace larder
