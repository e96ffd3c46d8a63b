// SPDX-License-Identifier: MIT
// The clocks of larder/clock.hpp and RFC 3339 times. The process's clock is real_clock, whose wall clock is slewed:
// slewed_clock::follow() moves it towards the system clock, and is called by whichever thread reads the wall clock next
// after the interval. Parsing and formatting of times follow below.
#include <time.h>

#include <algorithm>
#include <charconv>
#include <larder/clock.hpp>

namespace larder {
namespace {

constexpr std::chrono::milliseconds between_looks{100};  // how often the system clock is read

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

void put_digits(char* to, unsigned value, int width)
{
    for (int i = width - 1; i >= 0; --i) {
        to[i] = static_cast<char>('0' + value % 10);
        value /= 10;
    }
}

/// Reads exactly `width` digits and removes them from the front.
bool take_number(std::string_view& text, std::size_t width, unsigned& out)
{
    if (text.size() < width) return false;
    auto [end, ec] = std::from_chars(text.data(), text.data() + width, out);
    if (ec != std::errc{} || end != text.data() + width || text[0] == '+') return false;
    text.remove_prefix(width);
    return true;
}

bool take_char(std::string_view& text, char c)
{
    if (text.empty() || text[0] != c) return false;
    text.remove_prefix(1);
    return true;
}

/// Reads an optional fraction of a second as milliseconds; digits after the third are ignored.
bool take_fraction(std::string_view& text, unsigned& ms)
{
    ms = 0;
    if (!take_char(text, '.')) return true;
    unsigned scale = 100;
    std::size_t digits = 0;
    while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
        ms += static_cast<unsigned>(text[0] - '0') * scale;
        scale /= 10;
        ++digits;
        text.remove_prefix(1);
    }
    return digits > 0;
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
    return ns(now) - followed_ns_.load(std::memory_order_relaxed) >= std::chrono::nanoseconds{between_looks}.count();
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

void append_rfc3339(std::string& out, timestamp t)
{
    const auto day = std::chrono::floor<std::chrono::days>(t);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss time{t - day};
    char text[] = "0000-00-00T00:00:00.000Z";
    put_digits(text, static_cast<unsigned>(static_cast<int>(date.year())), 4);
    put_digits(text + 5, static_cast<unsigned>(date.month()), 2);
    put_digits(text + 8, static_cast<unsigned>(date.day()), 2);
    put_digits(text + 11, static_cast<unsigned>(time.hours().count()), 2);
    put_digits(text + 14, static_cast<unsigned>(time.minutes().count()), 2);
    put_digits(text + 17, static_cast<unsigned>(time.seconds().count()), 2);
    put_digits(text + 20, static_cast<unsigned>(time.subseconds().count()), 3);
    out.append(text, sizeof text - 1);
}

std::string to_rfc3339(timestamp t)
{
    std::string out;
    append_rfc3339(out, t);
    return out;
}

bool parse_rfc3339(std::string_view text, timestamp& out) noexcept
{
    unsigned year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, ms = 0;
    const bool shape = take_number(text, 4, year) && take_char(text, '-') && take_number(text, 2, month) &&
                       take_char(text, '-') && take_number(text, 2, day) && take_char(text, 'T') &&
                       take_number(text, 2, hour) && take_char(text, ':') && take_number(text, 2, minute) &&
                       take_char(text, ':') && take_number(text, 2, second) && take_fraction(text, ms);
    if (!shape || !(text.empty() || text == "Z")) return false;
    const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(year)}, std::chrono::month{month},
                                           std::chrono::day{day}};
    // 60 is a leap second (RFC 3339 5.7); it is stored as the next second.
    if (!date.ok() || hour > 23 || minute > 59 || second > 60) return false;
    out = std::chrono::sys_days{date} + std::chrono::hours{hour} + std::chrono::minutes{minute} +
          std::chrono::seconds{second} + std::chrono::milliseconds{ms};
    return true;
}

}  // namespace larder
