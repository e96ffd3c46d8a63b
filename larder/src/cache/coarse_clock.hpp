// SPDX-License-Identifier: MIT
// The boot clock to a few milliseconds, for a third of its price. The kernel has no coarse form of it, so it is made of
// the two that it has: CLOCK_BOOTTIME is CLOCK_MONOTONIC plus the time for which the machine was suspended, and a
// suspension moves CLOCK_REALTIME away from CLOCK_MONOTONIC, as a step of the wall clock does. While these two keep
// their distance, the suspended time is as it was; when they do not, it is looked up.
#pragma once

#include <time.h>

#include <atomic>
#include <larder/clock.hpp>

namespace larder::detail {

inline constexpr std::chrono::milliseconds coarseness{20};  ///< it is at most so much behind

inline std::int64_t read_ns(clockid_t id) noexcept
{
    timespec t{};
    clock_gettime(id, &t);
    return t.tv_sec * 1'000'000'000 + t.tv_nsec;
}

/// What the boot clock is ahead of CLOCK_MONOTONIC. Thread-safe: readers see an old distance, and look it up, or a new
/// one behind which the new suspended time is there already.
class suspended_time {
 public:
    std::int64_t ns(std::int64_t real_ns, std::int64_t monotonic_ns) noexcept
    {
        const auto moved = real_ns - monotonic_ns - distance_.load(std::memory_order_acquire);
        // The two are read one after the other, and a tick of up to 10 ms may come in between.
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

    std::atomic<std::int64_t> distance_ = 0;  ///< of CLOCK_REALTIME from CLOCK_MONOTONIC
    std::atomic<std::int64_t> suspended_ = 0;
};

inline suspended_time suspended;

inline boot_time coarse_now() noexcept
{
    // The monotonic clock shows another time after each tick, and after a suspension: user threads stand still before
    // it is read for the last time. So while it shows what this thread saw last, nothing has changed.
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
