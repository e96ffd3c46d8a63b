// SPDX-License-Identifier: MIT
// coarse_now(): the boot clock with a resolution of a few milliseconds, at a third of the cost. The kernel has no
// coarse CLOCK_BOOTTIME, so it is computed: CLOCK_BOOTTIME is CLOCK_MONOTONIC plus the time for which the machine was
// suspended. A suspension changes the difference between CLOCK_REALTIME and CLOCK_MONOTONIC, as a step of the wall
// clock does. While that difference is unchanged, the suspended time is unchanged too; otherwise it is read again.
#pragma once

#include <time.h>

#include <atomic>
#include <larder/clock.hpp>

namespace larder::detail {

inline constexpr std::chrono::milliseconds coarseness{20};  ///< coarse_now() lags behind by at most this

inline std::int64_t read_ns(clockid_t id) noexcept
{
    timespec t{};
    clock_gettime(id, &t);
    return t.tv_sec * 1'000'000'000 + t.tv_nsec;
}

/// The difference between CLOCK_BOOTTIME and CLOCK_MONOTONIC. Thread-safe: a reader sees either the old distance, and
/// looks the time up itself, or the new distance, which is stored after the new suspended time.
class suspended_time {
 public:
    std::int64_t ns(std::int64_t real_ns, std::int64_t monotonic_ns) noexcept
    {
        const auto moved = real_ns - monotonic_ns - distance_.load(std::memory_order_acquire);
        // The two clocks are read one after the other; a tick of up to 10 ms may occur in between.
        constexpr std::int64_t one_tick = 10'000'000;
        if (moved < -one_tick || moved > one_tick) [[unlikely]]
            look_up();
        return suspended_.load(std::memory_order_relaxed);
    }

 private:
    void look_up() noexcept
    {
        const auto monotonic = read_ns(CLOCK_MONOTONIC);
        const auto real = read_ns(CLOCK_REALTIME);
        suspended_.store(read_ns(CLOCK_BOOTTIME) - monotonic, std::memory_order_relaxed);
        distance_.store(real - monotonic, std::memory_order_release);
    }

    std::atomic<std::int64_t> distance_ = 0;  ///< CLOCK_REALTIME minus CLOCK_MONOTONIC, in ns
    std::atomic<std::int64_t> suspended_ = 0;
};

inline suspended_time suspended;

inline boot_time coarse_now() noexcept
{
    // The monotonic clock changes with each tick, and over a suspension, because user threads are frozen before the
    // kernel reads the clock for the last time. So the result is still right while this clock shows the same value.
    thread_local constinit std::int64_t seen = -1;
    thread_local constinit std::int64_t meant = 0;
    const auto monotonic = read_ns(CLOCK_MONOTONIC_COARSE);
    if (monotonic != seen) [[unlikely]] {
        meant = monotonic + suspended.ns(read_ns(CLOCK_REALTIME_COARSE), monotonic);
        seen = monotonic;
    }
    return boot_time{std::chrono::nanoseconds{meant}};
}

}  // namespace larder::detail
