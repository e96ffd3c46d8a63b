// SPDX-License-Identifier: MIT
// Tests subscriptions in a cluster while slots move and masters are replaced.
#include <larder/redis/subscriber.hpp>
#include <larder/testing/redis_groups.hpp>
#include <thread>

#include "keys.hpp"
#include "loop_fixture.hpp"

namespace larder::redis {
namespace {

using testing::cluster_group;

class cluster_subscriber_test : public loop_test {
 protected:
    static void SetUpTestSuite() { group = std::make_unique<cluster_group>(); }
    static void TearDownTestSuite() { group.reset(); }
    static inline std::unique_ptr<cluster_group> group;
    client redis{io, to(group->url())};

    static void move(unsigned slot, testing_server& target)
    {
        group->begin_migration(slot, target);
        group->move_keys(slot, target);
        group->end_migration(slot, target);
    }
    /// A master that does not own the slot.
    static testing_server& other_than(unsigned slot)
    {
        auto& owner = group->owner_of(slot);
        for (std::size_t i = 0; i < group->size(); ++i) {
            auto& n = group->node(i);
            if (&n != &owner && n.command({"ROLE"}).starts_with("master")) return n;
        }
        throw std::runtime_error{"no other master"};
    }
    static std::size_t connections_at(const testing_server& s)
    {
        std::size_t n = 0;
        const auto list = s.command({"CLIENT", "LIST", "TYPE", "pubsub"});
        for (auto at = list.find("id="); at != std::string::npos; at = list.find("\nid=", at + 1)) ++n;
        return n;
    }
    /// Publishes at the current owner of the slot until a subscriber has received the message.
    static asio::awaitable<void> publish(std::string channel, std::string text)
    {
        for (;;) {
            auto& owner = group->owner_of(key_slot(channel));
            std::string receivers = "0";
            try {
                receivers = owner.command({"SPUBLISH", channel, text});
            } catch (const std::runtime_error&) {  // the slot is being moved
            }
            if (receivers != "0") break;
            co_await sleep_for(5ms);
        }
    }
    static asio::awaitable<message> next_after_gaps(subscriber& s)
    {
        for (;;) {
            auto m = co_await s.next();
            if (!m.gap) co_return m;
        }
    }
};

TEST_F(cluster_subscriber_test, many_sharded_channels_need_one_connection_per_node)
{
    subscriber s{redis};
    run([&]() -> asio::awaitable<void> {
        for (int i = 0; i < 60; ++i) {
            const auto added = co_await s.ssubscribe("shard" + std::to_string(i));
            EXPECT_TRUE(added.has_value()) << added.error().message;
        }
        for (std::size_t i = 0; i < group->size(); ++i) EXPECT_LE(connections_at(group->node(i)), 1U);
        for (int i = 0; i < 60; ++i) {
            const auto channel = "shard" + std::to_string(i);
            co_await publish(channel, "x");
            const auto m = co_await s.next();
            EXPECT_EQ(m.channel, channel);
        }
        for (int i = 0; i < 60; ++i) {
            const auto removed = co_await s.sunsubscribe("shard" + std::to_string(i));
            EXPECT_TRUE(removed.has_value());
        }
        EXPECT_EQ(group->owner_of(key_slot("shard1")).command({"SPUBLISH", "shard1", "x"}), "0");
        std::size_t left = 1;
        while (left > 0) {
            co_await sleep_for(1ms);
            left = 0;
            for (std::size_t i = 0; i < group->size(); ++i) left += connections_at(group->node(i));
        }
    });
}

TEST_F(cluster_subscriber_test, a_sharded_channel_follows_its_slot)
{
    subscriber s{redis};
    const auto slot = key_slot("{moving}");
    run([&]() -> asio::awaitable<void> {
        co_await s.ssubscribe("{moving}1");
        co_await s.ssubscribe("{moving}2");
        co_await s.ssubscribe("staying");
    });
    for (int round = 0; round < 3; ++round) {
        auto& target = other_than(slot);
        move(slot, target);
        run([&]() -> asio::awaitable<void> {
            for (const std::string channel : {"{moving}1", "{moving}2", "staying"}) {
                co_await publish(channel, channel + std::to_string(round));
                auto m = co_await s.next();
                while (m.gap) {
                    EXPECT_NE(channel, "staying");
                    m = co_await s.next();
                }
                EXPECT_EQ(m.payload, channel + std::to_string(round));
            }
            for (std::size_t i = 0; i < group->size(); ++i) EXPECT_LE(connections_at(group->node(i)), 1U);
        });
    }
}

TEST_F(cluster_subscriber_test, a_sharded_channel_is_found_although_the_map_is_outdated)
{
    const auto slot = key_slot("{late}");
    run([&]() -> asio::awaitable<void> { co_await redis.connect(); });
    move(slot, other_than(slot));
    subscriber s{redis};
    run([&]() -> asio::awaitable<void> {
        const auto added = co_await s.ssubscribe("{late}");
        EXPECT_TRUE(added.has_value()) << added.error().message;
        co_await publish("{late}", "x");
        const auto m = co_await s.next();
        EXPECT_EQ(m.payload, "x");
    });
}

TEST_F(cluster_subscriber_test, channels_leave_a_node_that_is_no_master_any_more)
{
    subscriber s{redis};
    run([&]() -> asio::awaitable<void> {
        co_await s.subscribe("news");
        co_await s.ssubscribe("{shard}");
    });
    const auto one_with_news = [&]() -> testing_server* {
        for (std::size_t i = 0; i < group->size(); ++i) {
            if (group->node(i).command({"PUBSUB", "CHANNELS", "news"}) == "news") return &group->node(i);
        }
        return nullptr;
    };
    auto* const ordinary = one_with_news();
    ASSERT_NE(ordinary, nullptr);
    group->wait_for_one_epoch();
    for (std::size_t i = 0; i < group->size(); ++i) {
        auto& n = group->node(i);
        const auto role = n.command({"ROLE"});
        if (role.starts_with("slave") && role.find("\n" + std::to_string(ordinary->port()) + "\n") != std::string::npos)
            n.command({"CLUSTER", "FAILOVER", "TAKEOVER"});
    }
    testing::wait_for("the replica takes over", [&] { return ordinary->command({"ROLE"}).starts_with("slave"); });
    run([&]() -> asio::awaitable<void> {
        while (ordinary->command({"PUBSUB", "CHANNELS", "news"}) == "news") {
            for (int i = 0; i < 30; ++i) co_await redis.exec(request{"SET", "key" + std::to_string(i), 1});  // MOVED
            co_await sleep_for(5ms);
        }
        auto gap = co_await s.next();
        while (!gap.gap) gap = co_await s.next();
        while (one_with_news() == nullptr) co_await sleep_for(1ms);  // the gap may belong to the sharded channel
        ordinary->command({"PUBLISH", "news", "x"});
        const auto m = co_await next_after_gaps(s);
        EXPECT_EQ(m.channel, "news");
    });
}

TEST_F(cluster_subscriber_test, a_sharded_channel_follows_to_the_master_that_replaces_a_dead_one)
{
    subscriber s{redis};
    run([&]() -> asio::awaitable<void> { co_await s.ssubscribe("{survivor}"); });
    std::thread killer{[&] { group->kill_owner(key_slot("{survivor}")); }};
    run([&]() -> asio::awaitable<void> {
        const auto gap = co_await s.next();
        EXPECT_TRUE(gap.gap);
    });
    killer.join();
    run([&]() -> asio::awaitable<void> {
        co_await publish("{survivor}", "x");
        const auto m = co_await next_after_gaps(s);
        EXPECT_EQ(m.payload, "x");
    });
}

}  // namespace
}  // namespace larder::redis
