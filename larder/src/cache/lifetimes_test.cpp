// SPDX-License-Identifier: MIT
// Lifetimes: a call of the cache keeps copies of what it needs, such as regions that are local to a function, fields
// that are string views, and arguments in braces inside co_await. Also: cached<bool> and lookup<bool> cannot be
// confused.
#include "backend_fixture.hpp"

namespace larder {
namespace {

class lifetimes : public cache_test_base {
 protected:
    cache in_memory{io};
};

key<std::string> of_a_local_region(int i)
{
    constexpr region<std::string(int)> local{"of-a-function:{}", {.ttl = 1h, .tags = {"local:{0}"}}};
    return local(i);
}

key<std::string> of_another_local_region(int i)
{
    constexpr region<std::string(int)> local{"of-another-function:{}", {.ttl = 1h, .tags = {"other:{0}"}}};
    return local(i);
}

std::optional<entry_key> parsed_by_a_local_region(std::string_view text)
{
    constexpr region<std::string(int)> local{"of-a-function:{}", {.ttl = 1h, .tags = {"local:{0}"}}};
    return local.parse(text);
}

TEST_F(lifetimes, a_key_outlives_a_region_that_is_local_to_a_function)
{
    const auto one = of_a_local_region(1);
    const auto other = of_another_local_region(2);
    const auto parsed = parsed_by_a_local_region("of-a-function:3");
    EXPECT_EQ(one.region().pattern(), "of-a-function:{}");
    EXPECT_EQ(one.tag_text(0), "local:1");
    EXPECT_EQ(other.region().pattern(), "of-another-function:{}");
    EXPECT_EQ(other.tag_text(0), "other:2");
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->tag_text(0), "local:3");
    EXPECT_EQ(&one.region(), &parsed->region()) << "regions with equal pattern and options are the same region";
    EXPECT_NE(&one.region(), &other.region());
}

TEST_F(lifetimes, regions_of_one_pattern_and_different_options_stay_apart)
{
    constexpr region<std::string(int)> brief{"differing:{}", {.ttl = 1s}};
    constexpr region<std::string(int)> lasting{"differing:{}", {.ttl = 1h}};
    EXPECT_EQ(brief(1).region().options().ttl, 1s);
    EXPECT_EQ(lasting(1).region().options().ttl, 1h);
}

TEST_F(lifetimes, the_cache_uses_a_local_region_after_its_function_has_returned)
{
    const auto declared = [this] {
        constexpr region<std::string(int)> local{"declared:{}", {.ttl = 1h}};
        in_memory.declare(local);
    };
    const auto filled = [this] {
        constexpr region<std::string(int)> local{"filled:{}", {.ttl = 1h}};
        return in_memory.get_or_load(local(1), [] { return std::string{"filled"}; });
    };
    const auto listed = [this] {
        constexpr region<std::string(int)> local{"filled:{}", {.ttl = 1h}};
        return cache_inspector{in_memory}.keys(local, "", 10);
    };
    const auto memoized_there = [this] {
        constexpr region<std::string(int)> local{"memoized:{}", {.ttl = 1h}};
        return in_memory.memoize(local, [](int n) { return std::to_string(n); });
    };
    declared();
    run([&]() -> asio::awaitable<void> {
        auto fill = filled();
        auto list = listed();
        const auto text_of = memoized_there();
        (void)of_another_local_region(1);
        const std::string value = co_await std::move(fill);
        EXPECT_EQ(value, "filled");
        const auto keys = co_await std::move(list);
        EXPECT_EQ(keys.size(), 1U);
        for (const auto& k : keys) EXPECT_EQ(k.region().pattern(), "filled:{}");
        const std::string text = co_await text_of(42);
        EXPECT_EQ(text, "42");
    });
    std::vector<std::string_view> patterns;
    for (const auto* r : cache_inspector{in_memory}.regions()) patterns.push_back(r->pattern());
    EXPECT_EQ(patterns, (std::vector<std::string_view>{"declared:{}", "filled:{}", "memoized:{}"}));
}

constexpr region<std::string(std::string_view, std::optional<std::string_view>)> by_text{"by-text:{}:{}", {.ttl = 1h}};

TEST_F(lifetimes, a_memoized_function_keeps_the_text_of_a_field_that_is_a_view)
{
    const auto joined = in_memory.memoize(
        by_text, [](std::string_view a, std::optional<std::string_view> b) -> asio::awaitable<std::string> {
            co_await asio::post(asio::use_awaitable);
            co_return std::string{a} + std::string{b.value_or("-")};
        });
    const auto call = [&](char c) {
        const std::string gone(100, c);
        return joined(gone, std::string_view{gone});
    };
    run([&]() -> asio::awaitable<void> {
        auto late = call('a');
        const std::string in_its_place(100, 'z');
        const std::string got = co_await std::move(late);
        EXPECT_EQ(got, std::string(200, 'a'));
        EXPECT_EQ(in_its_place.front(), 'z');
        const std::string none = co_await joined("b", std::nullopt);
        EXPECT_EQ(none, "b-");
    });
}

TEST_F(lifetimes, keys_and_tags_are_invalidated_together_in_braces)
{
    const std::string long_name(100, 'x');
    const auto load = [] { return std::string{"loaded"}; };
    const auto fill = [&]() -> asio::awaitable<void> {
        for (int i = 1; i < 4; ++i) (void)co_await in_memory.get_or_load(plain(i), load);
        (void)co_await in_memory.get_or_load(profiles(1), [] { return made(1); });
        (void)co_await in_memory.get_or_load(by_text(long_name, "a"), load);
    };
    const auto left = [&]() -> asio::awaitable<std::string> {
        std::string out;
        for (int i = 1; i < 4; ++i) {
            const auto found = co_await in_memory.get(plain(i));
            if (found) out += std::to_string(i);
        }
        const auto found = co_await in_memory.get(profiles(1));
        if (found) out += "p";
        const auto text = co_await in_memory.get(by_text(long_name, "a"));
        if (text) out += "t";
        co_return out;
    };
    run([&]() -> asio::awaitable<void> {
        co_await fill();
        const auto done = co_await in_memory.invalidate({plain(1), plain(2), by_text(long_name, "a")}, {tag{"people"}});
        EXPECT_EQ(done, invalidation::confirmed);
        const auto after_both = co_await left();
        EXPECT_EQ(after_both, "3");
        co_await fill();
        co_await in_memory.invalidate({plain(3)}, {});
        const auto after_a_key = co_await left();
        EXPECT_EQ(after_a_key, "12pt");
        co_await in_memory.invalidate({}, {tag{"profile-of:{}", 1}, tag{"none"}});
        const auto after_tags = co_await left();
        EXPECT_EQ(after_tags, "12t");
        std::vector<entry_key> listed{plain(1)};
        listed.push_back(plain(2));
        co_await in_memory.invalidate(std::move(listed), {});
        const auto after_a_vector = co_await left();
        EXPECT_EQ(after_a_vector, "t");
    });
}

TEST_F(lifetimes, an_announcement_is_written_in_braces)
{
    run([&]() -> asio::awaitable<void> {
        (void)co_await in_memory.get_or_load(profiles(1), [] { return made(1); });
        const auto done = co_await cache_outbox{in_memory}.begin_invalidation({{"profile:1"}, {"people"}}).apply();
        EXPECT_EQ(done.how, invalidation::confirmed);
        const auto found = co_await in_memory.get(profiles(1));
        EXPECT_FALSE(found);
    });
}

struct counted {
    explicit counted(int& n) : alive{&n} { ++*alive; }
    counted(const counted& other) : alive{other.alive} { ++*alive; }
    counted& operator=(const counted&) = delete;
    ~counted() { --*alive; }
    int* alive;
};

TEST_F(lifetimes, what_a_named_loader_captures_is_destroyed_once)
{
    int alive = 0;
    run([&]() -> asio::awaitable<void> {
        const counted captured{alive};
        auto load = [captured] { return std::to_string(*captured.alive > 0); };
        auto batch = [captured](std::span<const std::size_t> which) -> asio::awaitable<std::vector<std::string>> {
            co_return std::vector<std::string>(which.size());
        };
        const std::vector<key<std::string>> keys{plain(4), plain(5)};
        (void)co_await in_memory.get_or_load(plain(1), load);
        (void)co_await in_memory.get_or_load_owned(plain(2), load);
        (void)co_await in_memory.warm(plain(3), load);
        (void)co_await in_memory.get_or_load_many(keys, batch);
        const auto only_movable = [owned = std::make_unique<counted>(captured)] { return std::string{"moved"}; };
        const std::string value = co_await in_memory.get_or_load(plain(6), std::ref(only_movable));
        EXPECT_EQ(value, "moved");
    });
    EXPECT_EQ(alive, 0);
}

constexpr region<bool(int)> flags{"flag:{}", {.ttl = 1h}};

TEST_F(lifetimes, a_cached_bool_is_the_flag_and_a_lookup_shows_whether_there_is_one)
{
    static_assert(std::is_convertible_v<cached<profile>, const profile&>);
    static_assert(!std::is_constructible_v<bool, cached<profile>>);
    static_assert(!std::is_convertible_v<lookup<profile>, const profile&>);
    static_assert(std::is_constructible_v<bool, lookup<profile>> && !std::is_convertible_v<lookup<bool>, bool>);
    run([&]() -> asio::awaitable<void> {
        const auto missing = co_await in_memory.get(flags(1));
        EXPECT_FALSE(missing);
        const auto loaded = co_await in_memory.get_or_load(flags(1), [] { return false; });
        if (loaded) ADD_FAILURE() << "the flag is false";
        const auto found = co_await in_memory.get(flags(1));
        EXPECT_TRUE(found);
        EXPECT_FALSE(*found);
        const std::vector<key<bool>> keys{flags(1), flags(2)};
        const auto both = co_await in_memory.get_many(keys);
        EXPECT_TRUE(both[0]);
        EXPECT_FALSE(both[1]);
    });
}

}  // namespace
}  // namespace larder
