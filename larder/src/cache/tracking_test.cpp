// SPDX-License-Identifier: MIT
// Client-side caching: how long entries stay in L1 while Redis reports changes to the connection, while it does not,
// and when connections or servers are lost. R9, R10, ... are the races listed in docs/concepts/the-promise.md.
#include <larder/testing/fault_proxy.hpp>

#include "backend_fixture.hpp"
#include "shared_tier.hpp"

namespace larder {
namespace {

using larder::testing::direction;
using larder::testing::fault_proxy;
using larder::testing::manual_clock;

class tracking_test : public redis_cache_test {
 protected:
    asio::awaitable<cached<std::string>> read(cache& c, int i)
    {
        co_return co_await c.get_or_load(plain(i), [this] {
            ++loads;
            return value;
        });
    }
    /// Reads until the entry is in L1 and tracked.
    asio::awaitable<void> settle(cache& c, int i)
    {
        for (int n = 0; n < 3; ++n) {
            (void)co_await read(c, i);
            co_await c.drain();
        }
        const auto hit = co_await read(c, i);
        EXPECT_EQ(hit.status(), cache_status::hit_local);
    }
    asio::awaitable<void> until_changed(cache& c, int i)
    {
        auto got = co_await read(c, i);
        const auto end = std::chrono::steady_clock::now() + 20s;
        while (*got != value && std::chrono::steady_clock::now() < end) {
            co_await sleep_for(1ms);
            got = co_await read(c, i);
        }
        EXPECT_EQ(*got, value);
    }

    std::string value = "old";
    int loads = 0;
};

TEST_F(tracking_test, an_entry_lives_its_whole_ttl_in_l1_while_heartbeats_are_answered)
{
    auto& n = another({.bound = 400ms});
    run([&]() -> asio::awaitable<void> {
        co_await settle(*n, 1);
        const auto shared_before = cache_inspector{*n}.stats().regions[0].hits_shared;
        const auto end = std::chrono::steady_clock::now() + 1500ms;  // several times the bound
        while (std::chrono::steady_clock::now() < end) {
            (void)co_await read(*n, 1);
            co_await sleep_for(20ms);
        }
        EXPECT_LE(cache_inspector{*n}.stats().regions[0].hits_shared - shared_before, 3U)
            << "L1 answers almost all reads";
        EXPECT_EQ(loads, 1);
    });
}

// R9, R13, R25: any change of a key counts, whichever client and command makes it.
TEST_F(tracking_test, any_writers_change_ends_what_every_node_holds)
{
    auto& a = another();
    auto& b = another();
    run([&]() -> asio::awaitable<void> {
        for (int how = 0; how < 5; ++how) {
            value = "old " + std::to_string(how);
            co_await a->clear();
            co_await until_changed(*a, 1);
            co_await until_changed(*b, 1);
            co_await settle(*a, 1);
            co_await settle(*b, 1);
            value = "new " + std::to_string(how);
            const auto changed = std::chrono::steady_clock::now();
            if (how == 0) server.command({"DEL", "plain:1"});
            if (how == 1) server.command({"SET", "plain:1", "a stranger's"});
            if (how == 2) co_await a->invalidate(plain(1));
            if (how == 3) co_await a->invalidate(plain);
            if (how == 4) server.command({"FLUSHALL"});
            co_await until_changed(*a, 1);
            co_await until_changed(*b, 1);
            EXPECT_LT(std::chrono::steady_clock::now() - changed, 1500ms)
                << "the change is pushed, not found after the bound; case " << how;
            if (how == 1) server.command({"DEL", "plain:1"});
        }
    });
}

// The fill is a write on the connection that tracks the key, so the script has to read the key again afterwards.
TEST_F(tracking_test, the_node_that_filled_an_entry_is_notified_of_its_change_too)
{
    auto& n = another();
    run([&]() -> asio::awaitable<void> {
        (void)co_await read(*n, 1);
        co_await n->drain();
        EXPECT_EQ(loads, 1);
        value = "new";
        server.command({"DEL", "plain:1"});
        co_await until_changed(*n, 1);
    });
}

// CLIENT TRACKING may be forbidden by an ACL, or unavailable behind a proxy that speaks only RESP2.
TEST_F(tracking_test, without_tracking_a_value_lives_for_the_bound)
{
    const no_tracking untracked;
    auto& n = another({.bound = 300ms});
    run([&]() -> asio::awaitable<void> {
        (void)co_await read(*n, 1);
        co_await n->drain();
        value = "new";
        server.command({"DEL", "plain:1"});
        const auto changed = std::chrono::steady_clock::now();
        co_await until_changed(*n, 1);
        EXPECT_LT(std::chrono::steady_clock::now() - changed, 400ms);
    });
}

class cut_test : public tracking_test {
 protected:
    cut_test()
    {
        redis::options o;
        o.addresses = {{"127.0.0.1", proxy.port()}};
        o.time.socket = 20s;  // so long that the client's own time-out does not end the connection
        cached_.emplace(io, o, cache_options{.bound = 1s, .redis_deadline = 500ms});
        run([&]() -> asio::awaitable<void> { co_await settle(*cached_, 1); });
    }
    ~cut_test() override
    {
        proxy.heal();
        bool done = false;
        asio::co_spawn(io, cached_->drain(), [&](const std::exception_ptr&, const unfinished_work&) { done = true; });
        run_until([&] { return done; });
    }

    fault_proxy proxy{server.port()};
    std::optional<cache> cached_;
};

// R9: pushes are lost while the connection is down.
TEST_F(cut_test, a_change_during_a_cut_is_not_missed)
{
    run([&]() -> asio::awaitable<void> {
        for (int i = 0; i < 5; ++i) {
            value = "new " + std::to_string(i);
            proxy.refuse();
            co_await sleep_for(5ms);
            server.command({"DEL", "plain:1"});
            proxy.heal();
            co_await until_changed(*cached_, 1);
            co_await settle(*cached_, 1);
        }
    });
}

// R10: the connection is neither closed nor reset, but nothing arrives.
TEST_F(cut_test, behind_a_black_hole_no_value_is_older_than_the_bound)
{
    run([&]() -> asio::awaitable<void> {
        for (const auto way : {direction::to_client, direction::to_server, direction::both}) {
            value = "before";
            server.command({"DEL", "plain:1"});
            co_await until_changed(*cached_, 1);
            co_await settle(*cached_, 1);
            proxy.black_hole(way);
            value = "after";
            server.command({"DEL", "plain:1"});
            const auto changed = std::chrono::steady_clock::now();
            auto got = co_await read(*cached_, 1);
            while (*got != "after") {
                EXPECT_LT(std::chrono::steady_clock::now() - changed, 1s + 100ms) << "longer than the bound";
                co_await sleep_for(1ms);
                got = co_await read(*cached_, 1);
            }
            proxy.heal();
            co_await settle(*cached_, 1);
        }
    });
}

// R21: a server comes back with old data.
TEST_F(tracking_test, a_redis_that_restarted_from_an_old_file_resurrects_nothing)
{
    larder::testing::redis_server old;
    redis::options o;
    o.addresses = {{"127.0.0.1", old.port()}};
    cache c{io, o, {.redis_deadline = 5s}};
    run([&]() -> asio::awaitable<void> {
        (void)co_await read(c, 1);
        co_await c.drain();
        old.command({"SAVE"});
        value = "new";
        const auto done = co_await c.invalidate(plain(1));
        EXPECT_EQ(done, invalidation::confirmed);
        const auto got = co_await read(c, 1);
        EXPECT_EQ(*got, "new");
        co_await c.drain();
        old.crash();
        old.start();
        // Reads run the loader until the server answers again. None of them returns the old value.
        for (int i = 0; i < 200; ++i) {
            const auto now = co_await read(c, 1);
            EXPECT_EQ(*now, "new");
            co_await sleep_for(5ms);
        }
        co_await c.drain();
        EXPECT_NE(old.command({"STRLEN", "plain:1"}), "0") << "the entry is stored in Redis again";
        co_await c.close();
    });
}

}  // namespace
}  // namespace larder
