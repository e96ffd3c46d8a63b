// SPDX-License-Identifier: MIT
// The clocks of the process when the machine is suspended or the wall clock is stepped. This program defines its own
// clock_gettime(), which the whole program uses, to simulate both.
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <larder/local_cache.hpp>
#include <memory>

#include "coarse_clock.hpp"

namespace {

std::atomic<std::int64_t> suspended_ns = 0;  // total time of suspensions
std::atomic<std::int64_t> suspensions = 0;   // their number
std::atomic<std::int64_t> stepped_ns = 0;    // step of the wall clock

}  // namespace

extern "C" int clock_gettime(clockid_t id, timespec* out) noexcept
{
    const auto done = static_cast<int>(::syscall(SYS_clock_gettime, id, out));
    std::int64_t more = 0;
    if (id != CLOCK_MONOTONIC && id != CLOCK_MONOTONIC_COARSE) more += suspended_ns;
    more += suspensions;  // a suspension moves every clock a little, because the kernel reads all before it stops them
    if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE) more += stepped_ns;
    const auto ns = out->tv_nsec + more % 1'000'000'000 + 1'000'000'000;
    out->tv_sec += more / 1'000'000'000 + ns / 1'000'000'000 - 1;
    out->tv_nsec = ns % 1'000'000'000;
    return done;
}

namespace larder {
namespace {

using namespace std::chrono_literals;

class clocks : public ::testing::Test {
 protected:
    ~clocks() override { step(0s); }
    static void suspend(std::chrono::nanoseconds d) { suspended_ns += d.count(), ++suspensions; }
    static void step(std::chrono::nanoseconds d) { stepped_ns = d.count(); }
    /// Expects that the coarse clock is not ahead of the boot clock, and at most `coarseness` behind.
    static void expect_coarse_is_near()
    {
        const auto before = boot_clock::now() - detail::coarseness;
        const auto coarse = detail::coarse_now();
        EXPECT_GE(coarse, before);
        EXPECT_LE(coarse, boot_clock::now());
    }
};

TEST_F(clocks, the_coarse_boot_clock_notices_each_suspension_at_once)
{
    expect_coarse_is_near();
    for (const auto d : {3s, 3600s, 11s}) {
        suspend(d);
        expect_coarse_is_near();
    }
    for (int i = 0; i < 20; ++i) {  // each is too short to be noticed alone, but together they must be
        suspend(4ms);
        expect_coarse_is_near();
    }
}

TEST_F(clocks, the_coarse_boot_clock_does_not_follow_the_wall_clock)
{
    for (const std::chrono::nanoseconds d : {-60s, -3600s, 3600s, 60s}) {
        step(d);
        expect_coarse_is_near();
        suspend(5s);
        step(-d);  // together with the suspension
        expect_coarse_is_near();
    }
}

// With CLOCK_MONOTONIC, entries were served past their TTL and past the time until which they were confirmed fresh, by
// the duration of the suspension.
TEST_F(clocks, entries_expire_while_the_machine_is_suspended)
{
    local_cache<int> cache;
    cache.set("k", std::make_shared<int>(1), {.ttl = 10s});
    step(1h);
    EXPECT_NE(cache.get("k"), nullptr) << "a step of the wall clock does not age entries";
    suspend(11s);
    EXPECT_EQ(cache.get("k"), nullptr);
}

TEST_F(clocks, the_wall_clock_is_not_stepped)
{
    const auto& real = system_clock();
    for (const std::chrono::nanoseconds d : {-60s, -3600s, 3600s, 60s}) {
        const auto before = real.wall();
        step(d);
        const auto after = real.wall();
        EXPECT_GE(after, before - 100ms);
        EXPECT_LT(after, before + 1s);
    }
    step(-3600s);
    suspend(2s);  // so that the next call reads the system's clock again
    real.wall();
    EXPECT_GT(wall_clock_lag(), -3601s);
    EXPECT_LT(wall_clock_lag(), -3500s);
}

TEST_F(clocks, the_wall_clock_goes_on_while_the_machine_is_suspended)
{
    const auto before = system_clock().wall();
    suspend(600s);
    EXPECT_GE(system_clock().wall(), before + 600s);
    EXPECT_LT(system_clock().wall(), before + 601s);
}

constexpr boot_time start{1000s};
constexpr std::chrono::milliseconds between{10'000};
constexpr timestamp noon{1'800'000'000s};

TEST(slewed_clock, gives_way_by_a_second_a_minute_and_arrives)
{
    for (const std::chrono::milliseconds d : {-60'000ms, -3'600'000ms, 3'600'000ms, 500ms, 0ms}) {
        slewed_clock c{start, noon};
        boot_time now = start;
        auto last = c.at(now);
        for (std::chrono::milliseconds passed{0}; passed <= 65h; passed += between) {
            now = start + passed;
            c.follow(now, noon + passed + d);
            const auto shown = c.at(now);
            if (passed > 0s) {
                EXPECT_GE(shown - last, between - between / 60 - 2ms)
                    << "slower than allowed, after " << passed.count();
                EXPECT_LE(shown - last, between + between / 60 + 2ms)
                    << "faster than allowed, after " << passed.count();
            }
            last = shown;
        }
        EXPECT_NEAR(static_cast<double>((last - (noon + 65h + d)).count()), 0, 2) << "the clock has caught up";
        EXPECT_LE(std::chrono::abs(c.behind()), 2ms);
    }
}

TEST(slewed_clock, goes_on_by_itself_between_two_looks)
{
    slewed_clock c{start, noon};
    EXPECT_FALSE(c.is_due(start + 99ms));
    EXPECT_TRUE(c.is_due(start + 100ms));
    EXPECT_EQ(c.at(start + 90s), noon + 90s);
    c.follow(start + 60s, noon - 1h);
    EXPECT_EQ(c.at(start + 60s), noon + 59s);
    EXPECT_FALSE(c.is_due(start + 60s));
    c.follow(start + 60s, noon - 1h);
    EXPECT_EQ(c.at(start + 60s), noon + 59s) << "a period is corrected only once";
}

}  // namespace
}  // namespace larder
