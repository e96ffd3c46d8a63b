// SPDX-License-Identifier: MIT
// A lease ends with the fetch that holds it, however that ends.
#include "backend_fixture.hpp"

namespace larder {
namespace {

class lease_test : public redis_cache_test {
 protected:
    /// Runs a load that never ends, with a lease of a minute, until it has begun.
    void begin_load(asio::io_context& loop, node& n, asio::cancellation_slot slot = {})
    {
        asio::co_spawn(
            loop,
            [&]() -> asio::awaitable<void> { (void)co_await n->get_or_load(profiles(1), [&] { return db.load(1); }); },
            asio::bind_cancellation_slot(slot, [&](const std::exception_ptr&) { ++ended; }));
        while (db.begun == 0) {
            loop.restart();
            loop.run_one_for(100ms);
        }
    }
    asio::awaitable<std::string> state(node& seen_by)
    {
        const auto e = co_await cache_inspector{*seen_by}.explain(profiles(1));
        co_return e.shared;
    }

    source db;
    int ended = 0;
};

TEST_F(lease_test, of_a_caller_that_gives_up_is_released_before_drain_returns)
{
    db.held = true;
    auto& n = another({.lease = 60s});
    asio::cancellation_signal cancel;
    begin_load(io, n, cancel.slot());
    run([&]() -> asio::awaitable<void> {
        EXPECT_EQ(co_await state(n), "loading");
        cancel.emit(asio::cancellation_type::terminal);
        co_await until([&] { return ended == 1; });
        const auto left = co_await n->drain();
        EXPECT_TRUE(left.none());
        EXPECT_EQ(co_await state(n), "absent");
    });
}

TEST_F(lease_test, of_a_load_that_fails_is_released)
{
    auto& n = another({.lease = 60s});
    db.broken = true;
    begin_load(io, n);
    run([&]() -> asio::awaitable<void> {
        co_await until([&] { return ended == 1; });
        (void)co_await n->drain();
        EXPECT_EQ(co_await state(n), "absent");
    });
}

TEST_F(lease_test, is_left_to_expire_when_its_event_loop_is_destroyed)
{
    db.held = true;
    {
        asio::io_context short_lived;
        cache c{short_lived, backends::url(backend::redis), {.redis_deadline = 5s, .lease = 60s}};
        asio::co_spawn(
            short_lived,
            [&]() -> asio::awaitable<void> { (void)co_await c.get_or_load(profiles(1), [&] { return db.load(1); }); },
            [](const std::exception_ptr&) {});
        while (db.begun == 0) short_lived.run_one_for(100ms);
    }
    run([&]() -> asio::awaitable<void> { EXPECT_EQ(co_await state(another()), "loading"); });
}

}  // namespace
}  // namespace larder
