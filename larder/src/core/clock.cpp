// SPDX-License-Identifier: MIT
// The clocks of larder/clock.hpp. The process's clock is real_clock, whose wall clock is slewed: slewed_clock::follow()
// moves it towards the system clock, and is called by whichever thread reads the wall clock next after the interval.
#include <time.h>

#include <algorithm>
#include <larder/clock.hpp>

namespace larder {
namespace {

constexpr std::chrono::milliseconds follow_interval{100};  // how often the system clock is read

std::int64_t ns(boot_time t) noexcept { return t.time_since_epoch().count(); }
std::int64_t ns(timestamp t) noexcept { return std::chrono::nanoseconds{t.time_since_epoch()}.count(); }

timestamp system_wall() noexcept
{
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

class real_clock final : public clock {
 public:
    boot_time steady() const noexcept override { return boot_clock::now(); }
    timestamp wall() const noexcept override
    {
        const auto now = boot_clock::now();
        if (wall_.is_due(now)) wall_.follow(now, system_wall());
        return wall_.at(now);
    }
    std::chrono::milliseconds lag() const noexcept { return wall_.behind(); }

 private:
    mutable slewed_clock wall_{boot_clock::now(), system_wall()};
};

const real_clock& the_clock() noexcept
{
    static const real_clock instance;
    return instance;
}

}  // namespace

boot_clock::time_point boot_clock::now() noexcept
{
    timespec t{};
    ::clock_gettime(CLOCK_BOOTTIME, &t);
    return time_point{std::chrono::seconds{t.tv_sec} + std::chrono::nanoseconds{t.tv_nsec}};
}

slewed_clock::slewed_clock(boot_time now, timestamp system) noexcept
    : offset_ns_{ns(system) - ns(now)}, followed_ns_{ns(now)}
{}

bool slewed_clock::is_due(boot_time now) const noexcept
{
    return ns(now) - followed_ns_.load(std::memory_order_relaxed) >= std::chrono::nanoseconds{follow_interval}.count();
}

void slewed_clock::follow(boot_time now, timestamp system) noexcept
{
    // Only one thread per interval adjusts the clock: the one whose compare-exchange succeeds.
    auto before = followed_ns_.load();
    const auto elapsed = ns(now) - before;
    if (elapsed <= 0 || !followed_ns_.compare_exchange_strong(before, ns(now))) return;
    const auto offset = offset_ns_.load();
    const auto ahead = ns(system) - ns(now) - offset;
    const auto step = std::clamp(ahead, -elapsed / slowness, elapsed / slowness);
    offset_ns_.store(offset + step);
    behind_ms_.store((ahead - step) / 1'000'000);
}

timestamp slewed_clock::at(boot_time now) const noexcept
{
    const std::chrono::sys_time<std::chrono::nanoseconds> exact{
        std::chrono::nanoseconds{ns(now) + offset_ns_.load(std::memory_order_relaxed)}};
    return std::chrono::floor<std::chrono::milliseconds>(exact);
}

const clock& system_clock() noexcept { return the_clock(); }

std::chrono::milliseconds wall_clock_lag() noexcept { return the_clock().lag(); }

}  // namespace larder
