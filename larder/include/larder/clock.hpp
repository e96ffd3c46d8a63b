// SPDX-License-Identifier: MIT
// The clocks. Ages, freshness and limits are measured with the boot clock, which never steps and keeps counting while
// the machine is suspended. Timers use std::chrono::steady_clock, which stops during suspension; the two have different
// types, so they cannot be mixed up. The wall clock stamps rows, tokens and responses, and decides when they expire.
// Code whose decisions depend on time takes a `clock&`, so that tests can set the time
// (larder/testing/manual_clock.hpp). docs/concepts/time.md lists which clock decides what.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace larder {

/// The clock of timers and time-outs. It stops while the machine is suspended.
using steady_time = std::chrono::steady_clock::time_point;

/// CLOCK_BOOTTIME. A call takes about 40 ns (in the vDSO since Linux 5.3).
struct boot_clock {
    using duration = std::chrono::nanoseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<boot_clock>;
    static constexpr bool is_steady = true;
    static time_point now() noexcept;
};
using boot_time = boot_clock::time_point;

/// Milliseconds since 1970 UTC, as rows store them and responses show them.
using timestamp = std::chrono::sys_time<std::chrono::milliseconds>;

/// The time source that code takes as a parameter. Thread-safe.
class clock {
 public:
    virtual ~clock() = default;
    virtual boot_time steady() const noexcept = 0;
    virtual timestamp wall() const noexcept = 0;
};

/// A wall clock that is never stepped. It shows the system time at its construction plus the boot time elapsed since,
/// and is slewed towards the system clock by at most one second per minute. A program that started with the right time
/// therefore keeps it if the system clock is stepped. Pure: the caller passes the boot clock as `now` and the system
/// clock as `system`. Thread-safe.
class slewed_clock {
 public:
    static constexpr int slowness = 60;  ///< adjusts by at most 1/60 of the elapsed time

    slewed_clock(boot_time now, timestamp system) noexcept;
    /// Whether follow() should be called now; true at most ten times a second.
    bool is_due(boot_time now) const noexcept;
    void follow(boot_time now, timestamp system) noexcept;
    timestamp at(boot_time now) const noexcept;
    /// How far the system clock was ahead of this one after the last follow().
    std::chrono::milliseconds behind() const noexcept { return std::chrono::milliseconds{behind_ms_.load()}; }

 private:
    std::atomic<std::int64_t> offset_ns_;    ///< this clock minus the boot clock
    std::atomic<std::int64_t> followed_ns_;  ///< boot time of the last follow()
    std::atomic<std::int64_t> behind_ms_ = 0;
};

/// The real clock of the process. Its wall clock is a slewed_clock that starts at the first use.
const clock& system_clock() noexcept;
/// How far the system's wall clock is ahead of system_clock(), because it was stepped while this process ran.
std::chrono::milliseconds wall_clock_lag() noexcept;

}  // namespace larder
