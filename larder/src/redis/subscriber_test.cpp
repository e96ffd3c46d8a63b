// SPDX-License-Identifier: MIT
// Tests pub/sub and CLIENT TRACKING against a real server. The numbers R1 to R26 are those of
// docs/concepts/the-promise.md.
#include <larder/redis/subscriber.hpp>
#include <larder/testing/fault_proxy.hpp>
#include <larder/testing/scripted_server.hpp>

#include "loop_fixture.hpp"

namespace larder::redis {
namespace {

class subscriber_test : public loop_test {
 protected:
    testing_server& server = testing_server::shared();
    testing::fault_proxy proxy{server.port()};
    client redis{io, to("redis://127.0.0.1:" + std::to_string(proxy.port()))};
};

TEST_F(subscriber_test, channels_patterns_and_shards_deliver_in_order)
{
    subscriber s{redis};
    run([&]() -> asio::awaitable<void> {
        const auto news = co_await s.subscribe("news");
        EXPECT_TRUE(news.has_value()) << news.error().message;
        co_await s.psubscribe("user:*");
        co_await s.ssubscribe("shard");
        server.command({"PUBLISH", "news", "1"});
        server.command({"PUBLISH", "user:7", "2"});
        server.command({"SPUBLISH", "shard", "3"});
        server.command({"PUBLISH", "other", "x"});
        server.command({"PUBLISH", "news", std::string("4\r\n\0", 4)});
        const auto first = co_await s.next();
        EXPECT_EQ(first.channel + first.payload + first.pattern, "news1");
        const auto second = co_await s.next();
        EXPECT_EQ(second.channel + second.payload + second.pattern, "user:72user:*");
        const auto third = co_await s.next();
        EXPECT_EQ(third.channel + third.payload, "shard3");
        const auto fourth = co_await s.next();
        EXPECT_EQ(fourth.payload, std::string("4\r\n\0", 4));
        co_await s.unsubscribe("news");
        EXPECT_EQ(server.command({"PUBLISH", "news", "5"}), "0");
    });
}

TEST_F(subscriber_test, a_pattern_that_was_unsubscribed_delivers_nothing_more)
{
    subscriber s{redis};
    run([&]() -> asio::awaitable<void> {
        co_await s.psubscribe("user:*");
        co_await s.psubscribe("post:*");
        const auto done = co_await s.punsubscribe("user:*");
        EXPECT_TRUE(done.has_value()) << done.error().message;
        EXPECT_EQ(server.command({"PUBLISH", "user:7", "1"}), "0");
        EXPECT_EQ(server.command({"PUBLISH", "post:7", "2"}), "1");
        const auto next = co_await s.next();
        EXPECT_EQ(next.payload, "2");
        proxy.reset_all();
        const auto gap = co_await s.next();
        EXPECT_TRUE(gap.gap);
        EXPECT_EQ(server.command({"PUBLISH", "user:7", "3"}), "0") << "not subscribed again after a loss";
    });
}

TEST_F(subscriber_test, after_a_loss_everything_is_subscribed_again_and_the_gap_is_reported)
{
    subscriber s{redis};
    run([&]() -> asio::awaitable<void> {
        co_await s.subscribe("a");
        co_await s.psubscribe("b*");
        for (int i = 0; i < 5; ++i) {
            proxy.reset_all();
            const auto gap = co_await s.next();
            EXPECT_TRUE(gap.gap);
            // A reader that reloads everything after the gap misses nothing from then on.
            EXPECT_EQ(server.command({"PUBLISH", "a", "x"}), "1");
            EXPECT_EQ(server.command({"PUBLISH", "b1", "y"}), "1");
            const auto x = co_await s.next();
            EXPECT_EQ(x.payload, "x");
            const auto y = co_await s.next();
            EXPECT_EQ(y.payload, "y");
        }
    });
}

// For AddressSanitizer: the connection still waits for confirmations when the subscriber is destroyed.
TEST_F(subscriber_test, a_subscriber_may_be_destroyed_while_it_subscribes_again)
{
    testing::scripted_server forgetful{[](const testing::scripted_server::command& c, std::size_t n) -> std::string {
        if (c[0] == "UNSUBSCRIBE") return "close";
        if (c[0] != "SUBSCRIBE") return testing::scripted_server::default_reply(c);
        return n == 0 ? ">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n" : "";
    }};
    client lost{io, to("redis://127.0.0.1:" + std::to_string(forgetful.port()))};
    std::optional<subscriber> s{std::in_place, lost};
    run([&]() -> asio::awaitable<void> {
        co_await s->subscribe("a");
        co_await s->unsubscribe("b");
    });
    run_until([&] { return forgetful.connections() == 2 && forgetful.commands().back()[0] == "SUBSCRIBE"; });
    s.reset();
    run([]() -> asio::awaitable<void> { co_await sleep_for(1ms); });  // lets the connection end
}

TEST_F(subscriber_test, works_in_resp2_where_messages_are_arrays)
{
    const testing_server old{{.arguments = {"--rename-command", "HELLO", ""}, .tls = false, .appendonly = false}};
    auto o = to(old);
    o.time.health_check = 30ms;  // the reply to PING is an array in RESP2, too
    client plain{io, o};
    subscriber s{plain};
    run([&]() -> asio::awaitable<void> {
        const auto ready = co_await s.subscribe("news");
        EXPECT_TRUE(ready.has_value());
        co_await s.psubscribe("n*");
        co_await sleep_for(100ms);
        old.command({"PUBLISH", "news", "1"});
        const auto by_name = co_await s.next();
        EXPECT_EQ(by_name.payload + by_name.pattern, "1");
        const auto by_pattern = co_await s.next();
        EXPECT_EQ(by_pattern.payload + by_pattern.pattern, "1n*");
        const auto state = co_await plain.state();
        EXPECT_FALSE(state.resp3);
    });
}

TEST_F(subscriber_test, a_full_mailbox_drops_the_oldest_messages_and_counts_them)
{
    mailbox_options small;
    small.messages = 10;
    subscriber s{redis, small};
    run([&]() -> asio::awaitable<void> {
        co_await s.subscribe("c");
        for (int i = 0; i < 25; ++i) server.command({"PUBLISH", "c", std::to_string(i)});
        while (s.dropped() < 15) co_await sleep_for(1ms);
        const auto first = co_await s.next();
        EXPECT_EQ(first.payload, "15");
        EXPECT_EQ(first.missed, 15U);
        const auto second = co_await s.next();
        EXPECT_EQ(second.payload, "16");
        EXPECT_EQ(second.missed, 0U);
    });
}

TEST_F(subscriber_test, a_refused_subscription_is_reported_and_not_retried)
{
    server.command({"ACL", "SETUSER", "deaf", "on", ">pw", "~*", "+@all", "resetchannels"});
    auto o = to("redis://deaf:pw@127.0.0.1:" + std::to_string(proxy.port()));
    client deaf{io, o};
    subscriber s{deaf};
    run([&]() -> asio::awaitable<void> {
        const auto refused = co_await s.subscribe("secret");
        EXPECT_EQ(refused.error().prefix(), "NOPERM");
    });
    server.command({"ACL", "DELUSER", "deaf"});
}

class tracking_test : public subscriber_test {
 protected:
    tracking_test() { server.command({"FLUSHALL"}); }

    options tracked(bool noloop = true) const
    {
        auto o = to("redis://127.0.0.1:" + std::to_string(proxy.port()));
        o.tracking.enabled = true;
        o.tracking.noloop = noloop;
        return o;
    }
};

// Lettuce #3481, the races R11 to R14: data and invalidations share one connection and have one order.
TEST_F(tracking_test, T20_an_invalidation_never_overtakes_the_reply_it_concerns)
{
    client cache{io, tracked()};
    std::vector<std::string> order;
    cache.on_push([&](const resp::value& push) {
        if (push.child(0).text() == "invalidate" && !push.child(1).is_null())
            order.push_back("push " + std::string{push.child(1).child(0).text()});
    });
    proxy.split(testing::direction::to_client, 2);
    run([&]() -> asio::awaitable<void> {
        const auto up = co_await cache.state();
        for (int i = 0; i < 20; ++i) {
            const auto value = co_await cache.exec<std::optional<std::string>>(request{"GET", "k"});
            order.push_back("reply " + value->value_or("none"));
            server.command({"SET", "k", std::to_string(i)});
            const auto fence = co_await cache.exec(request{"PING"});
            EXPECT_TRUE(fence.has_value());
        }
    });
    std::vector<std::string> expected;
    for (int i = 0; i < 20; ++i) {
        expected.push_back("reply " + (i == 0 ? std::string{"none"} : std::to_string(i - 1)));
        expected.emplace_back("push k");
    }
    EXPECT_EQ(order, expected);
}

// R12, R9: the loss of a tracked connection is reported before anything else can be read from it.
TEST_F(tracking_test, T20_the_loss_of_a_tracked_connection_is_reported_and_tracking_is_on_again)
{
    client cache{io, tracked()};
    std::vector<std::string> events;
    cache.on_connection([&](const connection_event& e) {
        events.push_back((e.up ? "up " : "down ") + std::to_string(e.generation) + (e.tracked ? " tracked" : ""));
    });
    cache.on_push([&](const resp::value& push) { events.emplace_back(push.child(0).text()); });
    run([&]() -> asio::awaitable<void> {
        co_await cache.connect();
        proxy.reset_all();
        const auto get = co_await cache.exec<std::optional<std::string>>(request{"GET", "k"});
        EXPECT_TRUE(get.has_value());
        server.command({"SET", "k", "v"});
        co_await cache.exec(request{"PING"});
    });
    EXPECT_EQ(events, (std::vector<std::string>{"up 1 tracked", "down 1 tracked", "up 2 tracked", "invalidate"}));
}

// Redis #7249, the race R15: keys that are evicted from the tracking table are pushed as invalidations.
TEST_F(tracking_test, T20_a_full_tracking_table_invalidates_instead_of_forgetting)
{
    testing_server small{{.arguments = {"--tracking-table-max-keys", "2"}, .tls = false, .appendonly = false}};
    auto o = to(small);
    o.tracking.enabled = true;
    client cache{io, o};
    int pushed = 0;
    cache.on_push([&](const resp::value& push) { pushed += static_cast<int>(push.child(1).size()); });
    run([&]() -> asio::awaitable<void> {
        for (int i = 0; i < 10; ++i)
            co_await cache.exec<std::optional<std::string>>(request{"GET", "k" + std::to_string(i)});
        while (pushed < 7) {
            co_await cache.exec(request{"PING"});
            co_await sleep_for(10ms);
        }
    });
    EXPECT_GE(pushed, 7);
}

TEST_F(tracking_test, an_acl_that_forbids_tracking_leaves_an_untracked_connection)
{
    server.command({"ACL", "SETUSER", "blind", "on", ">pw", "~*", "&*", "+@all", "-client|tracking"});
    auto o = tracked();
    o.login = {"blind", "pw"};
    client cache{io, o};
    run([&]() -> asio::awaitable<void> {
        const auto up = co_await cache.connect();
        EXPECT_TRUE(up.has_value());
        const auto state = co_await cache.state();
        EXPECT_TRUE(state.connected);
        EXPECT_FALSE(state.tracked);
    });
    server.command({"ACL", "DELUSER", "blind"});
}

}  // namespace
}  // namespace larder::redis
