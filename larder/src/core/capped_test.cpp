// SPDX-License-Identifier: MIT
// Tests that option durations beyond the range of a clock are clamped and cause no overflow. Also run under UBSan.
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <larder/backoff.hpp>
#include <larder/capped.hpp>
#include <larder/clock.hpp>
#include <larder/timeout.hpp>
#include <limits>

namespace larder {
namespace {

using namespace std::chrono;
using namespace std::chrono_literals;

constexpr milliseconds longest = longest_duration;

TEST(capped_durations, durations_are_capped_at_forty_years)
{
    struct row {
        milliseconds is;
        milliseconds expected;
    };
    const row rows[] = {
        {capped_milliseconds{}, 0ms},
        {capped_milliseconds{0s}, 0ms},
        {capped_milliseconds{1h}, 3'600'000ms},
        {capped_milliseconds{-1s}, -1000ms},
        {capped_milliseconds{-1}, -1ms},
        {capped_milliseconds{longest - 1ms}, longest - 1ms},
        {capped_milliseconds{longest}, longest},
        {capped_milliseconds{longest + 1ms}, longest},
        {capped_milliseconds{milliseconds::max()}, longest},
        {capped_milliseconds{seconds::max()}, longest},
        {capped_milliseconds{minutes::max()}, longest},
        {capped_milliseconds{hours::max()}, longest},
        {capped_milliseconds{days::max()}, longest},
        {capped_milliseconds{years::max()}, longest},
        {capped_milliseconds{milliseconds::min()}, -longest},
        {capped_milliseconds{seconds::min()}, -longest},
        {capped_milliseconds{hours::min()}, -longest},
        {capped_milliseconds{std::numeric_limits<milliseconds::rep>::max()}, longest},
        {capped_milliseconds{duration<short, std::ratio<86400>>{7}}, 7 * 24h},
        {capped_milliseconds{duration<unsigned, std::milli>{7}}, 7ms},
        {capped_cast<milliseconds>(nanoseconds::max()), longest},
        {capped_cast<milliseconds>(nanoseconds::min()), -longest},
        {capped_cast<milliseconds>(1999us), 1ms},
        {capped_cast<milliseconds>(duration<double>{0.5}), 500ms},
        {capped_cast<milliseconds>(duration<double>{1e300}), longest},
        {capped_cast<milliseconds>(duration<double>{std::numeric_limits<double>::quiet_NaN()}), longest},
        {capped_cast<milliseconds>(duration<std::uint64_t>{~std::uint64_t{0}}), longest},
    };
    for (std::size_t i = 0; i < std::size(rows); ++i) EXPECT_EQ(rows[i].is, rows[i].expected) << "row " << i;
}

TEST(capped_durations, several_of_them_can_be_added_to_any_clock)
{
    constexpr capped_milliseconds most{milliseconds::max()};
    EXPECT_GT(steady_clock::now() + most + most, steady_clock::now());
    EXPECT_GT(system_clock().steady() + 2 * (most + most), system_clock().steady());
    EXPECT_GT(system_clock().wall() + most, system_clock().wall());
    EXPECT_LT(steady_clock::now() - most, steady_clock::now());
}

TEST(capped_durations, the_longest_timeouts_do_not_expire_at_once)
{
    boost::asio::io_context io;
    int done = 0;
    const auto five = []() -> boost::asio::awaitable<int> {
        co_await sleep_for(1ms);
        co_return 5;
    };
    const auto work = [&]() -> boost::asio::awaitable<void> {
        auto first = five();
        done += co_await with_timeout(std::move(first), milliseconds::max());
        auto second = five();
        done += co_await with_timeout(std::move(second), hours::max());
        co_await sleep_for(seconds::min());
    };
    boost::asio::co_spawn(io, work(), [](const std::exception_ptr& e) {
        if (e) std::rethrow_exception(e);
    });
    io.run();
    EXPECT_EQ(done, 10);
}

TEST(capped_durations, backoff_stays_within_the_longest_cap)
{
    backoff pause{milliseconds::max(), seconds::max(), 1};
    for (int i = 0; i < 100; ++i) {
        const auto p = pause.next();
        EXPECT_TRUE(p >= 0ms && p <= longest) << p.count();
    }
}

}  // namespace
}  // namespace larder
