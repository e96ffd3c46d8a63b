// SPDX-License-Identifier: MIT
// The state machines of freshness: channels, generations and heartbeats; the watermark; and replies that overlap with a
// push about a tag. No sockets and no clock.
#include "freshness.hpp"

#include <gtest/gtest.h>

#include "tag_table.hpp"

namespace larder::detail {
namespace {

using namespace std::chrono_literals;

class freshness_test : public ::testing::Test {
 protected:
    boot_time at(std::chrono::milliseconds ms) const { return boot_time{1h} + ms; }
    freshness t{3s};
};

TEST_F(freshness_test, without_a_tracked_channel_nothing_is_confirmed)
{
    EXPECT_EQ(t.generation(), freshness::untracked);
    EXPECT_FALSE(t.is_fresh(freshness::untracked, at(0ms)));
    t.connected(0, false, at(0ms));
    EXPECT_EQ(t.generation(), freshness::untracked);
    t.heartbeat_answered(0, t.begin_heartbeat(at(1ms)));
    EXPECT_FALSE(t.is_fresh(freshness::untracked, at(2ms)));
}

TEST_F(freshness_test, freshness_lasts_for_the_bound_and_advances_with_the_heartbeats)
{
    t.connected(0, true, at(0ms));
    const auto g = t.generation();
    EXPECT_NE(g, freshness::untracked);
    EXPECT_TRUE(t.is_fresh(g, at(2999ms)));
    EXPECT_FALSE(t.is_fresh(g, at(3000ms)));
    t.heartbeat_answered(0, t.begin_heartbeat(at(500ms)));
    EXPECT_TRUE(t.is_fresh(g, at(3499ms)));
    EXPECT_FALSE(t.is_fresh(g, at(3500ms)));
    t.heartbeat_answered(0, t.begin_heartbeat(at(200ms)));
    EXPECT_TRUE(t.is_fresh(g, at(3499ms))) << "a late reply to an older heartbeat has no effect";
}

TEST_F(freshness_test, the_oldest_channel_speaks_for_all)
{
    t.connected(0, true, at(0ms));
    t.connected(1, true, at(0ms));
    const auto g = t.generation();
    t.heartbeat_answered(0, t.begin_heartbeat(at(5000ms)));
    EXPECT_FALSE(t.is_fresh(g, at(5001ms))) << "what was read on the other channel may have changed";
    t.heartbeat_answered(1, t.begin_heartbeat(at(4000ms)));
    EXPECT_TRUE(t.is_fresh(g, at(6999ms)));
    EXPECT_FALSE(t.is_fresh(g, at(7000ms)));
}

TEST_F(freshness_test, a_lost_channel_ends_the_generation_for_good)
{
    t.connected(0, true, at(0ms));
    t.connected(1, true, at(0ms));
    const auto g = t.generation();
    t.lost(1);
    EXPECT_FALSE(t.is_fresh(g, at(1ms)));
    const auto next = t.generation();
    EXPECT_NE(next, freshness::untracked) << "the other channel is still connected";
    t.lost(0);
    EXPECT_EQ(t.generation(), freshness::untracked);
    t.connected(0, true, at(10ms));
    t.connected(1, true, at(10ms));
    for (const auto old : {g, next}) EXPECT_FALSE(t.is_fresh(old, at(11ms)));
    EXPECT_TRUE(t.is_fresh(t.generation(), at(11ms)));
}

TEST_F(freshness_test, another_channel_does_not_end_what_was_read_on_the_first)
{
    t.connected(0, true, at(0ms));
    const auto g = t.generation();
    t.connected(1, true, at(100ms));
    EXPECT_EQ(t.generation(), g);
    t.lost(2);
    EXPECT_EQ(t.generation(), g) << "this channel was never connected";
}

TEST_F(freshness_test, heartbeats_are_for_channels_that_are_there)
{
    EXPECT_TRUE(t.channels().empty());
    t.connected(3, true, at(0ms));
    t.connected(1, true, at(0ms));
    EXPECT_EQ(t.channels(), (std::vector<std::size_t>{1, 3}));
    t.lost(1);
    EXPECT_EQ(t.channels(), (std::vector<std::size_t>{3}));
}

TEST_F(freshness_test, one_untracked_channel_spoils_all)
{
    t.connected(0, true, at(0ms));
    const auto g = t.generation();
    t.connected(1, false, at(0ms));
    EXPECT_FALSE(t.is_fresh(g, at(1ms)));
    EXPECT_EQ(t.generation(), freshness::untracked);
}

TEST_F(freshness_test, a_flush_or_another_epoch_ends_the_generation)
{
    t.connected(0, true, at(0ms));
    const auto g = t.generation();
    const auto changes = t.changes();
    t.reset();
    EXPECT_FALSE(t.is_fresh(g, at(1ms)));
    EXPECT_TRUE(t.is_fresh(t.generation(), at(1ms)));
    EXPECT_GT(t.changes(), changes);
}

TEST_F(freshness_test, a_heartbeat_is_due_once_in_each_beat)
{
    EXPECT_TRUE(t.heartbeat_due(at(0ms)));
    EXPECT_FALSE(t.heartbeat_due(at(499ms)));
    EXPECT_TRUE(t.heartbeat_due(at(500ms)));
    EXPECT_FALSE(t.heartbeat_due(at(501ms)));
}

class watermark_test : public ::testing::Test {
 protected:
    watermark_test() { t.connected(0, true, at(0ms)); }
    static boot_time at(std::chrono::milliseconds ms) { return boot_time{1h} + ms; }
    void hear(std::chrono::milliseconds sent, const std::string& begin, const std::string& end)
    {
        t.heartbeat_answered(0, t.begin_heartbeat(at(sent)), begin, end);
    }
    freshness t{3s, true};
};

TEST_F(watermark_test, a_connection_alone_proves_nothing)
{
    EXPECT_FALSE(t.is_fresh(t.generation(), at(1ms)));
    hear(10ms, "", "");
    EXPECT_FALSE(t.is_fresh(t.generation(), at(11ms)));
}

// Corresponds to DATE_NOW in the Spin model: a pass that is seen for the first time may have begun at any time since
// the previous heartbeat.
TEST_F(watermark_test, a_pass_is_dated_to_the_reading_before_the_one_that_saw_its_begin)
{
    hear(10ms, "a", "a");
    EXPECT_EQ(t.fresh_as_of(), boot_time{}) << "it is not known when the pass began";
    hear(500ms, "b", "a");
    EXPECT_EQ(t.fresh_as_of(), boot_time{});
    hear(1000ms, "b", "b");
    EXPECT_EQ(t.fresh_as_of(), at(10ms));
    hear(1500ms, "c", "c");
    EXPECT_EQ(t.fresh_as_of(), at(1000ms));
}

TEST_F(watermark_test, the_node_that_relays_knows_when_its_pass_began)
{
    t.relay_began("a", at(100ms));
    hear(200ms, "a", "a");
    EXPECT_EQ(t.fresh_as_of(), at(100ms));
}

// Two heartbeats overlap: the second one saw a `begin` that the first did not see, but it was not sent after the first
// one's reply had arrived.
TEST_F(watermark_test, a_reading_that_was_sent_before_the_other_was_answered_dates_nothing_to_it)
{
    hear(10ms, "a", "a");
    const auto slow = t.begin_heartbeat(at(500ms));
    const auto fast = t.begin_heartbeat(at(600ms));
    t.heartbeat_answered(0, fast, "c", "b");
    t.heartbeat_answered(0, slow, "b", "a");
    hear(1000ms, "c", "c");
    EXPECT_EQ(t.fresh_as_of(), at(10ms)) << "it is only known that b and c began after the first heartbeat";
}

TEST_F(watermark_test, nothing_is_confirmed_until_every_channel_has_answered_a_heartbeat)
{
    hear(10ms, "a", "a");
    hear(510ms, "b", "b");
    ASSERT_EQ(t.fresh_as_of(), at(10ms));
    t.connected(1, true, at(600ms));
    EXPECT_EQ(t.fresh_as_of(), boot_time{})
        << "it may be connected to another server, and confirm an invalidation there";
    t.heartbeat_answered(1, t.begin_heartbeat(at(610ms)), "b", "b");
    EXPECT_EQ(t.fresh_as_of(), at(10ms));
}

TEST_F(watermark_test, another_redis_knows_nothing_of_the_dates)
{
    hear(10ms, "a", "a");
    const auto under_way = t.begin_heartbeat(at(500ms));
    t.reset();
    t.heartbeat_answered(0, under_way, "b", "b");
    EXPECT_EQ(t.fresh_as_of(), boot_time{});
    hear(1000ms, "c", "c");
    EXPECT_EQ(t.fresh_as_of(), at(500ms));
}

TEST(tag_slot_test, a_read_from_before_a_push_is_ignored)
{
    tag_slot slot{"post:1"};
    const tag_slot::knowledge read{.version = {}, .asked = boot_time{1h}, .generation = 1, .channel = 0};
    slot.on_invalidation_push(0, 7);
    EXPECT_FALSE(slot.learn(read, 6)) << "the reply was parsed before the push";
    EXPECT_FALSE(slot.known_since(boot_time{}, 1));
    EXPECT_TRUE(slot.learn(read, 7));
    EXPECT_TRUE(slot.known_since(boot_time{}, 1));
}

}  // namespace
}  // namespace larder::detail
