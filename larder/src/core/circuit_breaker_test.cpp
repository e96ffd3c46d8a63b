// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <larder/circuit_breaker.hpp>

namespace larder {
namespace {

using namespace std::chrono_literals;
using state = circuit_breaker::state;

constexpr circuit_breaker_options options{.window = 10, .minimum_calls = 4, .failure_ratio = 0.5, .open_for = 100ms};

TEST(circuit_breaker, opens_at_the_ratio_and_not_before_enough_calls)
{
    circuit_breaker b{options};
    const steady_time now{};
    for (int i = 0; i < 3; ++i) b.failed(now);
    EXPECT_TRUE(b.allow(now));
    b.failed(now);
    EXPECT_FALSE(b.allow(now));
    EXPECT_EQ(b.now(), state::open);
}

TEST(circuit_breaker, looks_back_on_its_window_only)
{
    circuit_breaker b{options};
    const steady_time now{};
    for (int i = 0; i < 1000; ++i) b.succeeded();
    for (int i = 0; i < 4; ++i) b.failed(now);
    EXPECT_TRUE(b.allow(now));
    b.failed(now);  // five of the last ten
    EXPECT_FALSE(b.allow(now));
}

TEST(circuit_breaker, half_open_lets_one_probe_through_and_obeys_it)
{
    circuit_breaker b{options};
    steady_time now{};
    for (int i = 0; i < 4; ++i) b.failed(now);
    EXPECT_FALSE(b.allow(now + 99ms));
    now += 100ms;
    EXPECT_TRUE(b.allow(now));
    EXPECT_EQ(b.now(), state::half_open);
    EXPECT_FALSE(b.allow(now));
    b.failed(now);
    EXPECT_EQ(b.now(), state::open);
    now += 100ms;
    EXPECT_TRUE(b.allow(now));
    // A probe that never reports does not block the breaker for ever.
    now += 100ms;
    EXPECT_TRUE(b.allow(now));
    b.succeeded();
    EXPECT_EQ(b.now(), state::closed);
    for (int i = 0; i < 3; ++i) b.failed(now);
    EXPECT_TRUE(b.allow(now));  // the old failures are forgotten
}

}  // namespace
}  // namespace larder
