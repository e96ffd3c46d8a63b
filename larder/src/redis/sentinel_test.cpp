// SPDX-License-Identifier: MIT
#include <larder/testing/redis_groups.hpp>

#include "loop_fixture.hpp"

namespace larder::redis {
namespace {

using testing::sentinel_group;

class sentinel_test : public loop_test {
 protected:
    sentinel_group group;
};

TEST_F(sentinel_test, the_master_is_found_and_followed)
{
    client redis{io, to(group.url())};
    run([&]() -> asio::awaitable<void> {
        const auto set = co_await redis.exec(request{"SET", "k", "1"});
        EXPECT_TRUE(set.has_value()) << set.error().message;
        const auto state = co_await redis.state();
        EXPECT_EQ(state.server, "127.0.0.1:" + std::to_string(group.master().port()));
    });
    group.fail_over();
    run([&]() -> asio::awaitable<void> {
        // The old master refuses writes (READONLY) or has cut the connection: both lead to the new one.
        const auto set = co_await redis.exec(request{"SET", "k", "2"});
        EXPECT_TRUE(set.has_value()) << set.error().message;
        EXPECT_EQ(group.master().command({"GET", "k"}), "2");
    });
    // A dead master: the Sentinels need a second to agree, the client no more than that.
    group.master().crash();
    run([&]() -> asio::awaitable<void> {
        const auto begin = std::chrono::steady_clock::now();
        for (;;) {
            const auto set = co_await redis.exec(request{"SET", "k", "3"}, exec_options{500ms});
            if (set.has_value()) break;
            EXPECT_LT(std::chrono::steady_clock::now() - begin, 30s);
            co_await sleep_for(20ms);
        }
    });
    // This Sentinel may hear of it a little later.
    testing::wait_for("the new master in all eyes", [&] {
        try {
            return group.master().command({"GET", "k"}) == "3";
        } catch (const std::runtime_error&) {
            return false;
        }
    });
}

// redis-py #460, node-redis #627: READONLY for ever, since the connection to the old master stays.
TEST_F(sentinel_test, T15_a_master_demoted_without_a_word_is_left)
{
    client redis{io, to(group.url())};
    run([&]() -> asio::awaitable<void> { co_await redis.connect(); });
    auto& old = group.master();
    // By hand, so that nobody closes the connections.
    old.command({"REPLICAOF", "127.0.0.1", std::to_string(group.servers()[1]->port())});
    group.fail_over();
    run([&]() -> asio::awaitable<void> {
        const auto begin = std::chrono::steady_clock::now();
        for (;;) {
            const auto set = co_await redis.exec(request{"SET", "k", "v"});
            if (set.has_value()) break;
            EXPECT_LT(std::chrono::steady_clock::now() - begin, 20s);
        }
    });
    EXPECT_EQ(group.master().command({"GET", "k"}), "v");
}

TEST_F(sentinel_test, an_unknown_master_is_a_clear_error)
{
    auto o = to(group.url());
    o.master = "other";
    client redis{io, o};
    run([&]() -> asio::awaitable<void> {
        const auto set = co_await redis.exec(request{"SET", "k", "1"}, exec_options{300ms});
        EXPECT_EQ(set.error().what, outcome::not_sent);
        EXPECT_THAT(set.error().message, ::testing::HasSubstr("no Sentinel knows a master named other"));
    });
}

}  // namespace
}  // namespace larder::redis
