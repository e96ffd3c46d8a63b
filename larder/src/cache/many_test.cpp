// SPDX-License-Identifier: MIT
// get_or_load_many() in the cases in which one key has a lease, a time-out or a caller that gives up: several keys
// behave as one does. What they cost is tested in conformance_test.cpp.
#include <gmock/gmock.h>

#include "backend_fixture.hpp"

namespace larder {
namespace {

using values = std::vector<std::string>;
using indices = std::span<const std::size_t>;

constexpr region<std::string(int)> soft{
    "soft:{}", {.ttl = 100ms, .stale = {.if_error = 1h, .retry_after = 10s}, .load = {.soft_timeout = 20ms}}};

class many_test : public redis_cache_test {
 protected:
    /// Loads "v<key's index>" as soon as it is not held, and remembers for which keys it was called.
    asio::awaitable<values> load(indices which)
    {
        calls.emplace_back(which.begin(), which.end());
        const auto wanted = calls.back();
        while (held) co_await sleep_for(1ms);
        values out;
        for (const auto i : wanted) out.push_back("v" + std::to_string(i));
        co_return out;
    }
    /// Reads the keys on this node and returns their values, or the exception's text.
    asio::awaitable<void> read(node& n, std::vector<key<std::string>> keys, values& out)
    {
        try {
            const auto got = co_await n->get_or_load_many(keys, [&](indices which) { return load(which); });
            for (const auto& g : got) out.push_back(*g);
        } catch (const std::exception& e) {
            out.assign(1, e.what());
        }
    }

    std::vector<std::vector<std::size_t>> calls;
    bool held = false;
};

TEST_F(many_test, all_leases_are_renewed_while_the_load_goes_on)
{
    auto& slow = another({.lease = 300ms});
    auto& other = another({.lease = 300ms});
    held = true;
    values got;
    start(read(slow, {plain(1), plain(2)}, got));
    run([&]() -> asio::awaitable<void> {
        co_await until([&] { return calls.size() == 1; });
        const auto end = std::chrono::steady_clock::now() + 700ms;
        co_await until([&] { return std::chrono::steady_clock::now() > end; });
        for (const int i : {1, 2}) {
            const auto e = co_await cache_inspector{*other}.explain(plain(i));
            EXPECT_EQ(e.shared, "loading") << i;
        }
        held = false;
    });
    finish();
    EXPECT_THAT(got, ::testing::ElementsAre("v0", "v1"));
    run([&]() -> asio::awaitable<void> {
        co_await slow->drain();
        const auto there = co_await other->get(plain(2));
        EXPECT_EQ(*there, "v1") << "the fill was accepted, because the lease was still held";
    });
}

TEST_F(many_test, keys_that_another_process_loads_are_awaited_together)
{
    auto& first = another();
    auto& second = another();
    held = true;
    values there;
    values here;
    start(read(first, {plain(1), plain(2)}, there));
    run([&]() -> asio::awaitable<void> { co_await until([&] { return calls.size() == 1; }); });
    start(read(second, {plain(2), plain(1), plain(3)}, here));
    run([&]() -> asio::awaitable<void> {
        co_await until([&] { return calls.size() == 2; });
        held = false;
    });
    finish();
    EXPECT_THAT(calls, ::testing::ElementsAre(::testing::ElementsAre(0, 1), ::testing::ElementsAre(2)));
    EXPECT_THAT(here, ::testing::ElementsAre("v1", "v0", "v2"));
}

TEST_F(many_test, the_old_values_are_served_after_the_soft_timeout)
{
    auto& n = another();
    const std::vector<key<std::string>> both{soft(1), soft(2)};
    values got;
    run([&]() -> asio::awaitable<void> {
        co_await read(n, both, got);
        co_await sleep_for(150ms);  // past the TTL
        held = true;
        got.clear();
        co_await read(n, both, got);
    });
    EXPECT_EQ(calls.size(), 2U);
    EXPECT_THAT(got, ::testing::ElementsAre("v0", "v1"));
}

TEST_F(many_test, a_key_without_an_old_value_waits_for_the_load)
{
    auto& n = another();
    const std::vector<key<std::string>> one{soft(1)};
    values got;
    run([&]() -> asio::awaitable<void> {
        co_await read(n, one, got);
        co_await sleep_for(150ms);  // past the TTL
    });
    held = true;
    got.clear();
    start(read(n, {soft(1), soft(2)}, got));
    run([&]() -> asio::awaitable<void> {
        co_await until([&] { return calls.size() == 2; });
        co_await sleep_for(100ms);  // longer than the soft time-out
        EXPECT_TRUE(got.empty());
        held = false;
    });
    finish();
    EXPECT_THAT(got, ::testing::ElementsAre("v0", "v1"));
}

TEST_F(many_test, a_caller_that_gives_up_does_not_fail_those_who_joined_its_load)
{
    auto& n = another();
    auto& other = another();
    held = true;
    asio::cancellation_signal cancel;
    std::exception_ptr ended;
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
            const std::vector<key<std::string>> keys{plain(1), plain(2)};
            (void)co_await n->get_or_load_many(keys, [&](indices which) { return load(which); });
        },
        asio::bind_cancellation_slot(cancel.slot(), [&](const std::exception_ptr& e) { ended = e; }));
    run([&]() -> asio::awaitable<void> { co_await until([&] { return calls.size() == 1; }); });
    values joined;
    start(read(n, {plain(2)}, joined));
    io.restart();
    io.poll();
    cancel.emit(asio::cancellation_type::terminal);
    run([&]() -> asio::awaitable<void> {
        co_await until([&] { return calls.size() == 2; });
        held = false;
    });
    finish();
    EXPECT_TRUE(ended);
    EXPECT_THAT(joined, ::testing::ElementsAre("v0"));
    // The key that nobody else wanted has no lease any more, so another process loads it at once.
    run([&]() -> asio::awaitable<void> {
        co_await n->drain();
        const auto e = co_await cache_inspector{*other}.explain(plain(1));
        EXPECT_EQ(e.shared, "absent");
    });
}

TEST_F(many_test, a_value_too_few_is_an_error_for_every_key)
{
    auto& n = another();
    run([&]() -> asio::awaitable<void> {
        const std::vector<key<std::string>> keys{plain(1), plain(2)};
        std::string what;
        try {
            (void)co_await n->get_or_load_many(
                keys, [](indices) -> asio::awaitable<values> { co_return values{"only one"}; });
        } catch (const std::length_error& e) {
            what = e.what();
        }
        EXPECT_EQ(what, "the loader returned the wrong number of values");
        co_await n->drain();
        const auto e = co_await cache_inspector{*n}.explain(plain(1));
        EXPECT_EQ(e.shared, "absent") << "the lease is released";
    });
}

}  // namespace
}  // namespace larder
