// SPDX-License-Identifier: MIT
// near_cache on a real Redis: changes by other clients, TTLs, forget(), and how long a value is served when Redis
// cannot report changes.
#include <larder/near_cache.hpp>
#include <larder/testing/fault_proxy.hpp>
#include <larder/testing/redis_server.hpp>

#include "backend_fixture.hpp"

namespace larder {
namespace {

class near_cache_test : public ::testing::Test {
 protected:
    using strings = near_cache<std::string>;
    near_cache_test() { server.command({"FLUSHALL"}); }

    static strings::pointer decode(std::string_view, std::string_view text, std::chrono::milliseconds)
    {
        return text == "bad" ? nullptr : std::make_shared<std::string>(text);
    }
    /// Runs f with a cache that connects to this port, then closes the cache.
    template <class F>
    void with(unsigned short port, near_cache_options o, F f)
    {
        o.deadline = o.deadline == near_cache_options{}.deadline ? 5s : o.deadline;
        strings near{loops, *redis::parse_url("redis://127.0.0.1:" + std::to_string(port)), &decode, o};
        const auto all = [&]() -> asio::awaitable<void> {
            co_await f(near);
            co_await near.close();
        };
        loops.run_until_done(all());
    }
    static asio::awaitable<std::string> get(strings& near, const std::string& key)
    {
        const auto got = co_await near.get(key);
        if (!got) co_return "error";
        co_return *got ? **got : "nothing";
    }
    /// Reads until `wanted` is returned. Returns how long that took.
    static asio::awaitable<std::chrono::milliseconds> until_it_is(strings& near, std::string key, std::string wanted)
    {
        const auto start = std::chrono::steady_clock::now();
        auto got = co_await get(near, key);
        while (got != wanted && std::chrono::steady_clock::now() < start + 10s) {
            co_await sleep_for(2ms);
            got = co_await get(near, key);
        }
        co_return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start);
    }

    testing::redis_server& server = testing::redis_server::shared();
    runtime loops{runtime_options{.loops = 1}};
};

TEST_F(near_cache_test, reads_once_and_hears_of_changes)
{
    server.command({"SET", "k", "one"});
    with(server.port(), {}, [&](strings& near) -> asio::awaitable<void> {
        for (int i = 0; i < 100; ++i) {
            const auto got = co_await get(near, "k");
            EXPECT_EQ(got, "one");
        }
        EXPECT_LE(near.stats().reads, 2U) << "the first read may have been sent before the connection was tracked";
        for (const auto& change : std::vector<std::vector<std::string>>{
                 {"SET", "k", "two"}, {"FLUSHALL"}, {"SET", "k", "two"}, {"EXPIRE", "k", "100"}, {"DEL", "k"}}) {
            co_await get(near, "k");
            server.command(change);
            const auto wanted = server.command({"EXISTS", "k"}) == "1" ? "two" : "nothing";
            const auto took = co_await until_it_is(near, "k", wanted);
            EXPECT_LT(took, 1s) << change[0];
        }
    });
}

TEST_F(near_cache_test, what_is_not_there_or_cannot_be_read_is_not_kept)
{
    server.command({"SET", "broken", "bad"});
    server.command({"RPUSH", "list", "a"});
    with(server.port(), {}, [&](strings& near) -> asio::awaitable<void> {
        const auto broken = co_await get(near, "broken");
        EXPECT_EQ(broken, "nothing");
        const auto absent = co_await get(near, "absent");
        EXPECT_EQ(absent, "nothing");
        const auto list = co_await get(near, "list");
        EXPECT_EQ(list, "error");
        EXPECT_EQ(near.stats().entries, 0U);
        server.command({"SET", "absent", "here"});
        const auto now = co_await get(near, "absent");
        EXPECT_EQ(now, "here");
    });
}

TEST_F(near_cache_test, a_value_does_not_outlive_its_key)
{
    server.command({"SET", "k", "one", "PX", "300"});
    with(server.port(), {}, [&](strings& near) -> asio::awaitable<void> {
        const auto got = co_await get(near, "k");
        EXPECT_EQ(got, "one");
        const auto took = co_await until_it_is(near, "k", "nothing");
        EXPECT_LT(took, 400ms);
    });
}

TEST_F(near_cache_test, what_was_read_before_it_was_forgotten_is_not_kept)
{
    server.command({"SET", "k", "one"});
    testing::fault_proxy way{server.port()};
    with(way.port(), {}, [&](strings& near) -> asio::awaitable<void> {
        co_await get(near, "other");
        way.black_hole(testing::direction::to_client);
        bool done = false;
        asio::co_spawn(co_await asio::this_coro::executor, get(near, "k"),
                       [&](const std::exception_ptr&, const std::string& v) {
                           EXPECT_EQ(v, "one");
                           done = true;
                       });
        co_await sleep_for(20ms);
        near.forget("k");
        way.heal();
        while (!done) co_await sleep_for(1ms);
        EXPECT_FALSE(near.get_local("k"));
        co_await get(near, "k");
        EXPECT_TRUE(near.get_local("k"));
    });
}

TEST_F(near_cache_test, without_tracking_a_value_lives_for_the_bound)
{
    server.command({"SET", "k", "one"});
    testing::fault_proxy way{server.port()};
    near_cache_options o;
    o.bound = 400ms;
    o.deadline = 50ms;
    with(way.port(), o, [&](strings& near) -> asio::awaitable<void> {
        const auto got = co_await get(near, "k");
        EXPECT_EQ(got, "one");
        way.black_hole(testing::direction::to_client);
        server.command({"SET", "k", "two"});
        const auto took = co_await until_it_is(near, "k", "error");
        EXPECT_LT(took, 700ms);
        way.heal();
        co_await until_it_is(near, "k", "two");
    });
    const no_tracking refused;
    with(server.port(), o, [&](strings& near) -> asio::awaitable<void> {
        const auto got = co_await get(near, "k");
        EXPECT_EQ(got, "two");
        server.command({"SET", "k", "three"});
        const auto took = co_await until_it_is(near, "k", "three");
        EXPECT_LT(took, 700ms);
    });
}

}  // namespace
}  // namespace larder
