// SPDX-License-Identifier: MIT
#include "trust.hpp"

#include <gtest/gtest.h>

namespace larder::detail {
namespace {

using namespace std::chrono_literals;

class trust_test : public ::testing::Test {
 protected:
    steady_time at(std::chrono::milliseconds ms) const { return steady_time{1h} + ms; }
    trust t{3s};
};

TEST_F(trust_test, without_a_tracked_channel_nothing_is_proven)
{
    EXPECT_EQ(t.generation(), trust::untold);
    EXPECT_FALSE(t.proves(trust::untold, at(0ms)));
    t.connected(0, false, at(0ms));
    EXPECT_EQ(t.generation(), trust::untold);
    t.heard(0, at(1ms));
    EXPECT_FALSE(t.proves(trust::untold, at(2ms)));
}

TEST_F(trust_test, a_proof_lasts_for_the_bound_and_moves_with_the_heartbeats)
{
    t.connected(0, true, at(0ms));
    const auto g = t.generation();
    EXPECT_NE(g, trust::untold);
    EXPECT_TRUE(t.proves(g, at(2999ms)));
    EXPECT_FALSE(t.proves(g, at(3000ms)));
    t.heard(0, at(500ms));
    EXPECT_TRUE(t.proves(g, at(3499ms)));
    EXPECT_FALSE(t.proves(g, at(3500ms)));
    t.heard(0, at(200ms));
    EXPECT_TRUE(t.proves(g, at(3499ms))) << "an answer that comes late takes nothing back";
}

TEST_F(trust_test, the_oldest_channel_speaks_for_all)
{
    t.connected(0, true, at(0ms));
    t.connected(1, true, at(0ms));
    const auto g = t.generation();
    t.heard(0, at(5000ms));
    EXPECT_FALSE(t.proves(g, at(5001ms))) << "what was read on the other may have changed";
    t.heard(1, at(4000ms));
    EXPECT_TRUE(t.proves(g, at(6999ms)));
    EXPECT_FALSE(t.proves(g, at(7000ms)));
}

TEST_F(trust_test, a_lost_channel_ends_the_generation_for_good)
{
    t.connected(0, true, at(0ms));
    t.connected(1, true, at(0ms));
    const auto g = t.generation();
    t.lost(1);
    EXPECT_FALSE(t.proves(g, at(1ms)));
    const auto next = t.generation();
    EXPECT_NE(next, trust::untold) << "the other one is there";
    t.lost(0);
    EXPECT_EQ(t.generation(), trust::untold);
    t.connected(0, true, at(10ms));
    t.connected(1, true, at(10ms));
    for (const auto old : {g, next}) EXPECT_FALSE(t.proves(old, at(11ms)));
    EXPECT_TRUE(t.proves(t.generation(), at(11ms)));
}

TEST_F(trust_test, another_channel_does_not_end_what_was_read_on_the_first)
{
    t.connected(0, true, at(0ms));
    const auto g = t.generation();
    t.connected(1, true, at(100ms));
    EXPECT_EQ(t.generation(), g);
    t.lost(2);
    EXPECT_EQ(t.generation(), g) << "it was never there";
}

TEST_F(trust_test, heartbeats_are_for_channels_that_are_there)
{
    EXPECT_TRUE(t.channels().empty());
    t.connected(3, true, at(0ms));
    t.connected(1, true, at(0ms));
    EXPECT_EQ(t.channels(), (std::vector<std::size_t>{1, 3}));
    t.lost(1);
    EXPECT_EQ(t.channels(), (std::vector<std::size_t>{3}));
}

TEST_F(trust_test, one_untracked_channel_spoils_all)
{
    t.connected(0, true, at(0ms));
    const auto g = t.generation();
    t.connected(1, false, at(0ms));
    EXPECT_FALSE(t.proves(g, at(1ms)));
    EXPECT_EQ(t.generation(), trust::untold);
}

TEST_F(trust_test, a_flush_or_another_epoch_ends_the_generation)
{
    t.connected(0, true, at(0ms));
    const auto g = t.generation();
    const auto changes = t.changes();
    t.begin_anew();
    EXPECT_FALSE(t.proves(g, at(1ms)));
    EXPECT_TRUE(t.proves(t.generation(), at(1ms)));
    EXPECT_GT(t.changes(), changes);
}

TEST_F(trust_test, a_heartbeat_is_due_once_in_each_beat)
{
    EXPECT_TRUE(t.due(at(0ms)));
    EXPECT_FALSE(t.due(at(499ms)));
    EXPECT_TRUE(t.due(at(500ms)));
    EXPECT_FALSE(t.due(at(501ms)));
}

}  // namespace
}  // namespace larder::detail
