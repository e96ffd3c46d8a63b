// SPDX-License-Identifier: MIT
// Where time comes from. Ages, freshness and limits are measured by the boot clock, which never steps and goes on while
// the machine is suspended; timers run by std::chrono::steady_clock, which does not; the two have different types. The
// wall clock stamps rows, tokens and answers, and decides when they end. Code that decides by time takes a `clock&`, so
// that tests turn the hands (larder/testing). Which clock decides what: docs/concepts/time.md.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace larder {

/// Of timers and time-outs: stands still while the machine is suspended.
using steady_time = std::chrono::steady_clock::time_point;

/// CLOCK_BOOTTIME, about 40 ns a call (vDSO since Linux 5.3).
struct boot_clock {
    using duration = std::chrono::nanoseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<boot_clock>;
    static constexpr bool is_steady = true;
    static time_point now() noexcept;
};
using boot_time = boot_clock::time_point;

/// Milliseconds since 1970 UTC; what rows store and answers show.
using timestamp = std::chrono::sys_time<std::chrono::milliseconds>;

/// Thread-safe.
class clock {
 public:
    virtual ~clock() = default;
    virtual boot_time steady() const noexcept = 0;
    virtual timestamp wall() const noexcept = 0;
};

/// A wall clock that is never stepped: the time at which it was begun plus what the boot clock has counted since,
/// slewed towards the system's clock by at most a second a minute. A program that began with the right time goes on
/// with it, whatever happens to the system's clock meanwhile. Pure: `now` and `system` are what the two clocks show.
/// Thread-safe.
class slewed_clock {
 public:
    static constexpr int slowness = 60;  ///< it gives way by one part in so many

    slewed_clock(boot_time now, timestamp system) noexcept;
    /// Whether it is time for follow(); at most ten times a second.
    bool is_due(boot_time now) const noexcept;
    void follow(boot_time now, timestamp system) noexcept;
    timestamp at(boot_time now) const noexcept;
    /// How far the system's clock was ahead at the last follow(), after it.
    std::chrono::milliseconds behind() const noexcept { return std::chrono::milliseconds{behind_ms_.load()}; }

 private:
    std::atomic<std::int64_t> offset_ns_;  ///< between the boot clock and this one
    std::atomic<std::int64_t> followed_ns_;
    std::atomic<std::int64_t> behind_ms_ = 0;
};

/// The process's real clock. Its wall clock is a slewed_clock that begins with the first use.
const clock& system_clock() noexcept;
/// How far the system's wall clock is ahead of ours: it was stepped while this process ran.
std::chrono::milliseconds wall_clock_lag() noexcept;

/// RFC 3339 UTC with milliseconds: `2026-11-20T08:30:00.000Z`. Years 0 to 9999.
std::string to_rfc3339(timestamp t);

/// Appends what to_rfc3339 returns, without allocating when `out` has room.
void append_rfc3339(std::string& out, timestamp t);

/// Reads `2010-08-25T19:50:51.187`, with an optional fraction and an optional `Z` (absent means UTC).
/// Returns false and leaves `out` alone when the text is anything else.
bool parse_rfc3339(std::string_view text, timestamp& out) noexcept;

}  // namespace larder
