// SPDX-License-Identifier: MIT
// Tests of the circuit breaker: when it opens, when it sends probes, and how a probe closes it.
#include <gtest/gtest.h>

#include <larder/circuit_breaker.hpp>

namespace larder {
namespace {

using namespace std::chrono_literals;
using state = circuit_breaker::state;

constexpr circuit_breaker_options options{.window = 10, .minimum_calls = 4, .failure_ratio = 0.5, .probe_every = 100ms};

TEST(circuit_breaker, opens_at_the_ratio_and_not_before_enough_calls)
{
    circuit_breaker b{options};
    const circuit_breaker::time_point now{};
    for (int i = 0; i < 3; ++i) b.failed(now, 40ms);
    EXPECT_TRUE(b.allows());
    b.failed(now, 40ms);
    EXPECT_FALSE(b.allows());
    EXPECT_EQ(b.current(), state::open);
}

TEST(circuit_breaker, counts_only_the_calls_of_its_window)
{
    circuit_breaker b{options};
    const circuit_breaker::time_point now{};
    for (int i = 0; i < 1000; ++i) b.succeeded();
    for (int i = 0; i < 4; ++i) b.failed(now, 40ms);
    EXPECT_TRUE(b.allows());
    b.failed(now, 40ms);  // five of the last ten calls have failed
    EXPECT_FALSE(b.allows());
}

TEST(circuit_breaker, no_call_is_let_through_while_it_is_open_and_a_probe_closes_it)
{
    circuit_breaker b{options};
    circuit_breaker::time_point now{};
    for (int i = 0; i < 4; ++i) b.failed(now, 40ms);
    EXPECT_FALSE(b.probe_due(now + 99ms));
    now = b.next_probe();
    EXPECT_TRUE(b.probe_due(now));
    EXPECT_EQ(b.current(), state::half_open);
    EXPECT_FALSE(b.allows()) << "a caller's request is never used as the probe";
    EXPECT_FALSE(b.probe_due(now)) << "one probe at a time";
    b.failed(now, 40ms);
    EXPECT_EQ(b.current(), state::open);
    now += 100ms;
    EXPECT_TRUE(b.probe_due(now));
    // A probe whose outcome is never reported does not keep the breaker open for ever.
    now += 100ms;
    EXPECT_TRUE(b.probe_due(now));
    b.succeeded();
    EXPECT_EQ(b.current(), state::closed);
    EXPECT_EQ(b.next_probe(), circuit_breaker::time_point::max());
    for (int i = 0; i < 3; ++i) b.failed(now, 40ms);
    EXPECT_TRUE(b.allows());  // the old failures are forgotten
}

TEST(circuit_breaker, a_probe_has_the_longest_deadline_of_earlier_calls)
{
    circuit_breaker b{options};
    const circuit_breaker::time_point now{};
    for (const auto waited : {40ms, 300ms, 40ms, 40ms}) b.failed(now, waited);
    EXPECT_EQ(b.probe_timeout(), 300ms);
    ASSERT_TRUE(b.probe_due(now + 100ms));
    EXPECT_EQ(b.next_probe(), now + 400ms) << "the next probe waits until this one has had its time";
    b.succeeded();
    EXPECT_EQ(b.probe_timeout(), 0ms);
}

}  // namespace
}  // namespace larder
