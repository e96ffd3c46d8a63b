// SPDX-License-Identifier: MIT
// local_cache (L1): values, expiry, eviction, and use by many threads; and the epoch-based reclamation behind it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <larder/local_cache.hpp>
#include <larder/testing/manual_clock.hpp>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "epoch.hpp"

namespace larder {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::Pair;

std::shared_ptr<const std::string> text(std::string s) { return std::make_shared<const std::string>(std::move(s)); }

TEST(local_cache, any_number_of_threads_may_read)
{
    local_cache<std::string> cache;
    cache.set("key", text("value"));
    std::atomic<int> hits = 0;
    std::vector<std::thread> threads;
    constexpr int many = 700;
    for (int i = 0; i < many; ++i) {
        threads.emplace_back([&] {
            if (cache.get("key") != nullptr) ++hits;
            while (hits < many) std::this_thread::yield();  // no reader slot is returned before all threads have one
        });
    }
    for (auto& t : threads) t.join();
    EXPECT_EQ(hits, many);
}

TEST(local_cache, returns_what_was_set_and_nothing_else)
{
    local_cache<std::string> cache;
    EXPECT_EQ(cache.get("a"), nullptr);
    EXPECT_TRUE(cache.set("a", text("1")));
    EXPECT_TRUE(cache.set("", text("empty key")));
    EXPECT_EQ(*cache.get("a"), "1");
    EXPECT_EQ(*cache.get(""), "empty key");
    cache.set("a", text("2"));
    EXPECT_EQ(*cache.get("a"), "2");
    std::string seen;
    EXPECT_TRUE(cache.with("a", [&](const std::string& v) { seen = v; }));
    EXPECT_EQ(seen, "2");
    EXPECT_TRUE(cache.remove("a"));
    EXPECT_FALSE(cache.remove("a"));
    EXPECT_EQ(cache.get("a"), nullptr);
    cache.clear();
    EXPECT_EQ(cache.get(""), nullptr);
    const auto s = cache.stats();
    EXPECT_EQ(s.entries, 0U);
    EXPECT_EQ(s.bytes, 0U);
    EXPECT_EQ(s.hits, 4U);
    EXPECT_EQ(s.misses, 3U);
}

TEST(local_cache, a_value_lives_as_long_as_somebody_holds_it)
{
    local_cache<std::string> cache;
    cache.set("k", text("held"));
    const auto held = cache.get("k");
    for (int i = 0; i < 1000; ++i) cache.set("k", text(std::to_string(i)));
    cache.clear();
    EXPECT_EQ(*held, "held");
}

TEST(local_cache, entries_expire_and_the_jitter_only_shortens)
{
    testing::manual_clock clock;
    local_cache<int> cache{{.ttl_jitter = 0.5, .time = &clock}};
    for (int i = 0; i < 1000; ++i) cache.set("k" + std::to_string(i), std::make_shared<int>(i), {.ttl = 100s});
    const auto alive = [&] {
        int n = 0;
        for (int i = 0; i < 1000; ++i) n += cache.get("k" + std::to_string(i)) != nullptr ? 1 : 0;
        return n;
    };
    clock.advance(49s);
    EXPECT_EQ(alive(), 1000);
    clock.advance(26s);
    EXPECT_NEAR(alive(), 500, 100);
    clock.advance(26s);
    EXPECT_EQ(alive(), 0);
    cache.set("for ever", std::make_shared<int>(1));
    clock.advance(24h * 365);
    EXPECT_NE(cache.get("for ever"), nullptr);
}

TEST(local_cache, stays_within_its_bytes_and_reports_why_entries_were_removed)
{
    std::map<removal_cause, int> causes;
    local_cache_options o;
    o.capacity = 1 << 20;
    o.shards = 1;
    o.on_removal = [&](const local_entry&, removal_cause c) { ++causes[c]; };
    local_cache<std::string> cache{o};
    for (int i = 0; i < 10'000; ++i) {
        cache.set("key" + std::to_string(i), text(std::string(1000, 'x')), {.weight = 1000});
        ASSERT_LE(cache.stats().bytes, o.capacity);
    }
    const auto entries = cache.stats().entries;
    EXPECT_GT(entries, 900U);
    EXPECT_EQ(causes[removal_cause::evicted], 10'000 - static_cast<int>(entries));
    cache.set("key9999", text("y"), {.weight = 1});
    EXPECT_EQ(causes[removal_cause::replaced], 1);
    EXPECT_FALSE(cache.set("key9999", text(""), {.weight = 2 << 20}));  // heavier than the cache
    EXPECT_EQ(cache.get("key9999"), nullptr);
    EXPECT_EQ(cache.stats().rejected, 1U);
    EXPECT_FALSE(cache.set(std::string(70'000, 'k'), text("")));
    cache.clear();
    EXPECT_EQ(causes[removal_cause::cleared], static_cast<int>(entries) - 1);
}

TEST(local_cache, a_scan_does_not_push_out_what_is_used)
{
    local_cache<int> cache{{.capacity = 1000, .shards = 1, .count_entries = true}};
    const auto use = [&](const std::string& key) {
        if (!cache.get(key)) cache.set(key, std::make_shared<int>(0));
    };
    for (int round = 0; round < 5; ++round) {
        for (int i = 0; i < 500; ++i) use("used" + std::to_string(i));
    }
    for (int i = 0; i < 5000; ++i) use("scanned" + std::to_string(i));
    int left = 0;
    for (int i = 0; i < 500; ++i) left += cache.get("used" + std::to_string(i)) ? 1 : 0;
    EXPECT_EQ(left, 500);
}

/// Counts the objects that are alive, and makes a use after destruction visible.
struct tracked {
    explicit tracked(std::uint64_t k) : key{k} { ++living; }
    tracked(const tracked&) = delete;
    tracked& operator=(const tracked&) = delete;
    ~tracked()
    {
        key = ~std::uint64_t{0};
        --living;
    }
    std::uint64_t key;
    static inline std::atomic<std::int64_t> living = 0;
};

TEST(local_cache, threads_never_see_another_keys_value_or_a_dead_one)
{
    {
        local_cache<tracked> cache{{.capacity = 500, .shards = 2, .count_entries = true}};
        std::atomic<bool> wrong = false;
        std::vector<std::jthread> threads;
        for (unsigned t = 0; t < 4; ++t) {
            threads.emplace_back([&, t] {
                std::mt19937_64 random{t};
                for (int i = 0; i < 60'000; ++i) {
                    const auto n = random() % 1000;
                    const auto key = std::to_string(n);
                    switch (random() % 8) {
                        case 0:
                        case 1:
                            cache.set(key, std::make_shared<const tracked>(n),
                                      {.ttl = std::chrono::milliseconds{random() % 50}});
                            break;
                        case 2:
                            cache.remove(key);
                            break;
                        case 3:
                            if (const auto v = cache.get(key); v && v->key != n) wrong = true;
                            break;
                        default:
                            cache.with(key, [&](const tracked& v) {
                                if (v.key != n) wrong = true;
                            });
                    }
                    if (i == 30'000 && t == 0) cache.clear();
                }
            });
        }
        threads.clear();
        EXPECT_FALSE(wrong);
        EXPECT_LE(cache.stats().entries, 500U);
    }
    EXPECT_EQ(tracked::living, 0);  // nothing leaked, and nothing was destroyed twice
}

TEST(epochs, what_was_unlinked_is_safe_while_an_older_reader_looks)
{
    const auto before = epoch::advance();
    EXPECT_GE(epoch::oldest(), before);
    std::atomic<int> step = 0;
    std::jthread reader{[&] {
        const epoch::guard outer;
        const epoch::guard inner;  // they nest
        step = 1;
        step.wait(1);
    }};
    while (step != 1) std::this_thread::yield();
    const auto unlinked = epoch::advance();
    EXPECT_LT(epoch::oldest(), unlinked);
    step = 2;
    step.notify_all();
    reader.join();
    EXPECT_GE(epoch::oldest(), unlinked);
}

}  // namespace
}  // namespace larder
