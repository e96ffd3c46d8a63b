// SPDX-License-Identifier: MIT
// Tests of the core module: clocks and RFC 3339 times, error codes, backoff, gates, time-outs and the event loops.
#include <gtest/gtest.h>
#include <signal.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <larder/backoff.hpp>
#include <larder/clock.hpp>
#include <larder/result.hpp>
#include <larder/rfc3339.hpp>
#include <larder/runtime.hpp>
#include <larder/testing/manual_clock.hpp>
#include <larder/timeout.hpp>
#include <stdexcept>

#include "gate.hpp"

namespace larder {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

TEST(rfc3339, round_trips_to_the_millisecond)
{
    const auto t = parse_rfc3339("2010-08-25T19:50:51.187").value();
    EXPECT_EQ(to_rfc3339(t), "2010-08-25T19:50:51.187Z");
    EXPECT_EQ(t.time_since_epoch().count(), 1282765851187);
    EXPECT_EQ(to_rfc3339(parse_rfc3339("2024-02-29T23:59:59Z").value()), "2024-02-29T23:59:59.000Z");
    EXPECT_EQ(to_rfc3339(timestamp{}), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(to_rfc3339(timestamp{-1ms}), "1969-12-31T23:59:59.999Z");
}

TEST(rfc3339, texts_that_are_not_dates_are_rejected)
{
    for (auto text : {"", "2010", "2010-13-01T00:00:00", "2023-02-29T00:00:00", "2010-08-25 19:50:51",
                      "2010-08-25T24:00:00", "2010-08-25T19:50:51.", "2010-08-25T19:50:51x", "+010-08-25T19:50:51",
                      "2010-08-25T19:50:51.187Zz", "2010-08-25T19:61:00", "-010-08-25T19:50:51"}) {
        EXPECT_EQ(parse_rfc3339(text).error(), errc::malformed) << text;
    }
}

TEST(clock, a_manual_clock_moves_only_when_it_is_advanced)
{
    testing::manual_clock c;
    const auto before = c.steady();
    c.advance(5s);
    EXPECT_EQ(c.steady() - before, 5s);
    c.step_wall(-1h);
    EXPECT_EQ(c.steady() - before, 5s);
    EXPECT_EQ(c.wall(), timestamp{5s - 1h});
}

TEST(result, codes_have_a_text_and_a_category)
{
    const boost::system::error_code ec = errc::overloaded;
    EXPECT_EQ(ec, errc::overloaded);
    EXPECT_STREQ(ec.category().name(), "larder");
    EXPECT_EQ(ec.message(), "overloaded, try again later");
}

TEST(backoff, delays_grow_to_the_cap_and_start_again_after_reset)
{
    backoff b{10ms, 500ms, 42};
    std::chrono::milliseconds largest{};
    for (int round = 0; round < 200; ++round) {
        b.reset();
        EXPECT_LE(b.next(), 10ms);
        EXPECT_LE(b.next(), 20ms);
        EXPECT_LE(b.next(), 40ms);
        for (int i = 0; i < 40; ++i) largest = std::max(largest, b.next());
        EXPECT_LE(largest, 500ms);
    }
    EXPECT_GT(largest, 450ms);
}

asio::awaitable<void> leave_when_cancelled(gate& g, asio::steady_timer& notified)
{
    const auto pass = g.enter();
    boost::system::error_code ec;
    co_await notified.async_wait(asio::redirect_error(asio::use_awaitable, ec));
}

asio::awaitable<void> note_when_drained(gate& g, bool& drained)
{
    co_await g.drained();
    drained = true;
}

TEST(gate, drained_waits_for_the_last_one_inside)
{
    asio::io_context io;
    gate g{io.get_executor()};
    asio::steady_timer first{io, asio::steady_timer::time_point::max()};
    asio::steady_timer second{io, asio::steady_timer::time_point::max()};
    bool drained = false;
    const auto rethrow = [](std::exception_ptr e) {
        if (e) std::rethrow_exception(e);
    };
    asio::co_spawn(io, leave_when_cancelled(g, first), rethrow);
    asio::co_spawn(io, leave_when_cancelled(g, second), rethrow);
    asio::co_spawn(io, note_when_drained(g, drained), rethrow);
    io.poll();
    EXPECT_EQ(g.inside(), 2U);
    first.cancel();
    io.poll();
    EXPECT_FALSE(drained) << "open and one inside";
    g.close();
    io.poll();
    EXPECT_FALSE(drained) << "closed, but one is still inside";
    second.cancel();
    io.poll();
    EXPECT_TRUE(drained);
}

asio::awaitable<int> answer_after(std::chrono::milliseconds d)
{
    co_await sleep_for(d);
    co_return 42;
}

TEST(timeout, work_that_is_quick_enough_returns_its_value)
{
    runtime rt{{.loops = 1}};
    int got = 0;
    auto work = [&]() -> asio::awaitable<void> { got = co_await with_timeout(answer_after(1ms), 10s); };
    rt.run_until_done(work());
    EXPECT_EQ(got, 42);
}

asio::awaitable<int> fail_after(std::chrono::milliseconds d)
{
    co_await sleep_for(d);
    throw std::runtime_error{"no answer"};
}

TEST(timeout, work_that_fails_is_reported_at_once)
{
    runtime rt{{.loops = 1}};
    const auto begin = std::chrono::steady_clock::now();
    auto work = [&]() -> asio::awaitable<void> { co_await with_timeout(fail_after(1ms), 1h); };
    EXPECT_THROW(rt.run_until_done(work()), std::runtime_error);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 1min);
}

TEST(timeout, slow_work_is_cancelled_and_reported)
{
    runtime rt{{.loops = 1}};
    auto work = [&]() -> asio::awaitable<void> { co_await with_timeout(answer_after(1h), 5ms); };
    try {
        rt.run_until_done(work());
        FAIL() << "no timeout";
    } catch (const boost::system::system_error& e) {
        EXPECT_EQ(e.code(), errc::timed_out);
    }
}

asio::awaitable<void> signal_and_work_on(runtime& rt, bool& finished)
{
    ::raise(SIGTERM);
    while (!rt.stopping()) co_await sleep_for(1ms);
    co_await sleep_for(20ms);
    finished = true;
}

TEST(runtime, sigterm_lets_running_work_finish)
{
    runtime rt{{.loops = 2}};
    bool finished = false;
    bool notified = false;
    rt.on_stop([&] { notified = true; });
    rt.spawn(1, signal_and_work_on(rt, finished));
    EXPECT_TRUE(rt.run());
    EXPECT_TRUE(finished);
    EXPECT_TRUE(notified);
}

TEST(runtime, work_beyond_the_drain_limit_is_cut_off)
{
    runtime rt{{.loops = 1, .drain_limit = 0s}};
    bool finished = false;
    auto forever = [&]() -> asio::awaitable<void> {
        rt.stop();
        co_await sleep_for(1h);
        finished = true;
    };
    rt.spawn(0, forever());
    EXPECT_FALSE(rt.run());
    EXPECT_FALSE(finished);
}

asio::awaitable<void> fail()
{
    throw std::runtime_error{"broken"};
    co_return;
}

TEST(runtime, a_failure_stops_the_run_and_is_rethrown)
{
    runtime rt{{.loops = 2}};
    rt.spawn(1, fail());
    EXPECT_THROW(rt.run(), std::runtime_error);
}

TEST(runtime, every_loop_knows_its_number)
{
    runtime rt{{.loops = 3}};
    std::array<std::atomic<std::size_t>, 3> seen{};
    std::atomic<int> left = 3;
    auto note = [&](std::size_t i) -> asio::awaitable<void> {
        seen[i] = runtime::this_loop();
        if (--left == 0) rt.stop();
        co_return;
    };
    for (std::size_t i = 0; i < 3; ++i) rt.spawn(i, note(i));
    EXPECT_TRUE(rt.run());
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(seen[i], i);
    EXPECT_EQ(runtime::this_loop(), runtime::no_loop);
}

}  // namespace
}  // namespace larder
