// SPDX-License-Identifier: MIT
// A clock that is set by the test. Thread-safe.
#pragma once

#include <atomic>
#include <larder/clock.hpp>

namespace larder::testing {

class manual_clock final : public clock {
 public:
    boot_time steady() const noexcept override { return boot_time{boot_time::duration{steady_.load()}}; }
    timestamp wall() const noexcept override { return timestamp{std::chrono::milliseconds{wall_ms_.load()}}; }

    /// Moves both clocks.
    void advance(boot_time::duration d) noexcept
    {
        steady_ += d.count();
        wall_ms_ += std::chrono::duration_cast<std::chrono::milliseconds>(d).count();
    }
    /// Changes the wall clock only, as an administrator or NTP would.
    void step_wall(std::chrono::milliseconds d) noexcept { wall_ms_ += d.count(); }

 private:
    std::atomic<boot_time::rep> steady_ = 0;
    std::atomic<std::int64_t> wall_ms_ = 0;
};

}  // namespace larder::testing
