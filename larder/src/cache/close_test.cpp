// SPDX-License-Identifier: MIT
// cache::close(): it waits for running calls and background work up to a limit, and reports what is left.
#include <larder/testing/fault_proxy.hpp>

#include "backend_fixture.hpp"

namespace larder {
namespace {

using larder::testing::direction;
using larder::testing::fault_proxy;

class close_test : public redis_cache_test {
 protected:
    close_test() { where.addresses = {{"127.0.0.1", way.port()}}; }
    asio::awaitable<std::string> load_held()
    {
        const auto p = co_await db.load(1);
        co_return p.name;
    }

    fault_proxy way{server.port()};
    redis::options where;
    source db;
};

TEST_F(close_test, it_gives_up_on_an_invalidation_that_redis_does_not_confirm)
{
    for (const bool black_hole : {true, false}) {
        cache c{io, where};
        run([&]() -> asio::awaitable<void> {
            (void)co_await c.get_or_load(plain(1), [] { return std::string{"Ada"}; });
            if (black_hole) {
                way.black_hole(direction::to_client);
            } else {
                way.refuse();
            }
            EXPECT_EQ(co_await c.invalidate(plain(1)), invalidation::pending);
            const auto left = co_await c.close(100ms);
            EXPECT_EQ(left.invalidations, 1U);
            EXPECT_EQ(left.background, 1U);
            EXPECT_EQ(left.calls, 0U);
            EXPECT_FALSE(left.none());
            way.heal();
        });
        run_until([&] { return io.poll_one() == 0; });  // the retry loop has ended, too
    }
}

TEST_F(close_test, it_waits_for_calls_and_their_values_reach_redis)
{
    cache c{io, where};
    db.held = true;
    std::string given;
    std::optional<unfinished_work> left;
    start([&]() -> asio::awaitable<void> { given = *co_await c.get_or_load(plain(1), [&] { return load_held(); }); });
    start([&]() -> asio::awaitable<void> {
        co_await until([&] { return db.begun == 1; });
        start([&]() -> asio::awaitable<void> { left = co_await c.close(); });
        co_await sleep_for(30ms);
        EXPECT_FALSE(left);
        db.held = false;
    });
    finish();
    ASSERT_TRUE(left);
    EXPECT_TRUE(left->none());
    EXPECT_EQ(given, "Ada");
    run([&]() -> asio::awaitable<void> {
        EXPECT_EQ((co_await another()->get(plain(1))).status(), cache_status::hit_shared);
    });
}

TEST_F(close_test, a_call_that_lasts_longer_is_left_and_still_gets_its_value)
{
    for (const bool on_redis : {true, false}) {
        std::optional<cache> c;
        if (on_redis) {
            c.emplace(io, where);
        } else {
            c.emplace(io);
        }
        db = {};
        db.held = true;
        std::string given;
        start([&]() -> asio::awaitable<void> {
            given = *co_await c->get_or_load(plain(1), [&] { return load_held(); });
        });
        start([&]() -> asio::awaitable<void> {
            co_await until([&] { return db.begun == 1; });
            const auto left = co_await c->close(20ms);
            EXPECT_EQ(left.calls, 1U);
            const auto again = co_await c->close(20ms);
            EXPECT_EQ(again.calls, 1U) << "a second close() is not an error";
            db.held = false;
        });
        finish();
        EXPECT_EQ(given, "Ada");
    }
}

TEST_F(close_test, afterwards_reads_load_and_keep_nothing)
{
    cache c{io, where};
    run([&]() -> asio::awaitable<void> {
        (void)co_await c.get_or_load(plain(1), [] { return std::string{"Ada"}; });
        EXPECT_TRUE((co_await c.close()).none());
        for (int i = 1; i < 3; ++i)
            EXPECT_EQ((co_await c.get(plain(i))).status(), cache_status::missed)
                << "without Redis nothing is confirmed fresh";
        for (int i = 0; i < 2; ++i) {
            const auto borrowed = co_await c.get_or_load(plain(2), [] { return std::string{"Grace"}; });
            EXPECT_EQ(borrowed.status(), cache_status::bypassed);
            const auto owned = co_await c.get_or_load_owned(plain(2), [] { return std::string{"Grace"}; });
            EXPECT_EQ(owned.status(), cache_status::bypassed);
            const auto warmed = co_await c.warm(plain(2), [] { return std::string{"Grace"}; });
            EXPECT_EQ(warmed.status(), cache_status::bypassed);
        }
        auto load_all = [](std::span<const std::size_t> which) -> asio::awaitable<std::vector<std::string>> {
            co_return std::vector<std::string>(which.size(), "Bob");
        };
        std::vector<key<std::string>> two{plain(2), plain(3)};
        const auto many = co_await c.get_or_load_many(two, load_all);
        EXPECT_EQ(*many[1], "Bob");
        EXPECT_EQ(co_await c.set(plain(4), std::string{"Eve"}), invalidation::pending);
        EXPECT_EQ(co_await c.invalidate(plain(1)), invalidation::pending);
        EXPECT_EQ((co_await c.drain(1s)).background, 0U) << "there are no retries after close()";
    });
}

TEST_F(close_test, in_memory_what_is_held_is_served_until_it_is_invalidated)
{
    cache c{io};
    run([&]() -> asio::awaitable<void> {
        (void)co_await c.get_or_load(plain(1), [] { return std::string{"Ada"}; });
        EXPECT_TRUE((co_await c.close()).none());
        EXPECT_EQ((co_await c.get(plain(1))).status(), cache_status::hit_local);
        EXPECT_EQ(co_await c.invalidate(plain(1)), invalidation::confirmed);
        EXPECT_EQ((co_await c.get(plain(1))).status(), cache_status::missed);
    });
}

}  // namespace
}  // namespace larder
