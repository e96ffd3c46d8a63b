// SPDX-License-Identifier: MIT
// The conformance suite of the cache: behaviour that is the same on every backend (memory, a single Redis, Redis behind
// Sentinel, Redis Cluster, and Redis over REST).
#include "backend_fixture.hpp"

namespace larder {
namespace {

class cache_conformance : public cache_test_base, public ::testing::WithParamInterface<backend> {
 protected:
    cache_conformance() : here{io, GetParam()}
    {
        run([&]() -> asio::awaitable<void> { co_await here->clear(); });
    }
    /// Starts another process's cache; null in memory mode, where there are no others.
    node* another()
    {
        if (GetParam() == backend::memory) return nullptr;
        return others.emplace_back(std::make_unique<node>(io, GetParam())).get();
    }

    asio::awaitable<cached<profile>> read(cache& c, std::int64_t id)
    {
        co_return co_await c.get_or_load(profiles(id), [&] { return db.load(id); });
    }

    node here;
    std::vector<std::unique_ptr<node>> others;
    source db;
};

TEST_P(cache_conformance, a_value_is_loaded_once_and_hit_from_then_on)
{
    auto* const there = another();
    run([&]() -> asio::awaitable<void> {
        const auto first = co_await read(*here, 1);
        EXPECT_EQ(first.status(), cache_status::loaded);
        EXPECT_EQ(*first, made(1));
        const auto second = co_await read(*here, 1);
        EXPECT_EQ(second.status(), cache_status::hit_local);
        EXPECT_EQ(*second, made(1));
        co_await here->drain();
        if (there != nullptr) {
            const auto third = co_await read(**there, 1);
            EXPECT_EQ(third.status(), cache_status::hit_shared);
            EXPECT_EQ(*third, made(1));
            EXPECT_GT(third.ttl(), 50min);
        }
        EXPECT_EQ(db.begun, 1);
    });
}

constexpr region<std::string(int)> kept_forever{
    "kept-forever:{}",
    {.ttl = std::chrono::milliseconds::max(),
     .tags = {"people"},
     .negative_ttl = std::chrono::hours::max(),
     .stale = {.while_revalidate = std::chrono::seconds::max(),
               .if_error = std::chrono::hours::max(),
               .retry_after = std::chrono::hours::max()},
     .load = {.soft_timeout = std::chrono::minutes::max(), .hard_timeout = std::chrono::milliseconds::max()},
     .local_ttl = std::chrono::hours::max()}};

TEST_P(cache_conformance, times_that_no_clock_can_tell_are_very_long_ones)
{
    auto* const there = another();
    run([&]() -> asio::awaitable<void> {
        int loads = 0;
        const auto load = [&]() -> asio::awaitable<std::string> {
            ++loads;
            co_return "value";
        };
        const auto first = co_await here->get_or_load(kept_forever(1), load);
        EXPECT_EQ(first.status(), cache_status::loaded);
        EXPECT_GT(first.ttl(), 24h * 365);
        const auto second = co_await here->get_or_load(kept_forever(1), load);
        EXPECT_EQ(second.status(), cache_status::hit_local);
        co_await here->drain();
        if (there != nullptr) {
            const auto third = co_await (*there)->get_or_load(kept_forever(1), load);
            EXPECT_EQ(third.status(), cache_status::hit_shared);
            EXPECT_GT(third.ttl(), 24h * 365);
        }
        EXPECT_EQ(loads, 1);
    });
}

TEST_P(cache_conformance, a_thousand_who_miss_cause_one_load)
{
    const std::array nodes{&here, another(), another()};
    int right = 0;
    db.held = true;
    for (int i = 0; i < 1000; ++i) {
        auto* const chosen = nodes[static_cast<std::size_t>(i % 3)];
        auto& n = chosen != nullptr ? *chosen : here;
        start([&]() -> asio::awaitable<void> {
            const auto got = co_await read(*n, 7);
            right += *got == made(7) ? 1 : 0;
        });
    }
    run([&]() -> asio::awaitable<void> {
        co_await until([&] { return db.begun > 0; });
        co_await sleep_for(20ms);
        db.held = false;
    });
    finish();
    EXPECT_EQ(right, 1000);
    EXPECT_EQ(db.begun, 1);
}

TEST_P(cache_conformance, an_invalidated_entry_tag_region_or_everything_is_loaded_anew_everywhere)
{
    run([&]() -> asio::awaitable<void> {
        for (int how = 0; how < 5; ++how) {
            auto* const there = another();  // a new node, because an entry in L1 may be stale for up to the bound
            (void)co_await read(*here, 1);
            co_await here->drain();
            const auto loads = db.begun;
            invalidation done{};
            if (how == 0) done = co_await here->invalidate(profiles(1));
            if (how == 1) done = co_await here->invalidate(tag{"people"});
            if (how == 2) done = co_await here->invalidate(tag{"profile-of:{}", 1});
            if (how == 3) done = co_await here->invalidate(profiles);
            if (how == 4) done = co_await here->clear();
            EXPECT_EQ(done, invalidation::confirmed);
            db.name = "Ada " + std::to_string(how);
            if (there != nullptr) {
                const auto remote = co_await read(**there, 1);
                EXPECT_EQ(remote->name, db.name) << how;
                co_await (*there)->drain();
            }
            const auto local = co_await read(*here, 1);
            EXPECT_EQ(local->name, db.name) << how;
            EXPECT_EQ(db.begun, loads + 1) << how;
        }
        (void)co_await read(*here, 2);
        const auto loads = db.begun;
        co_await here->invalidate(profiles(1));
        co_await here->invalidate(tag{"profile-of:{}", 1});
        (void)co_await read(*here, 2);
        EXPECT_EQ(db.begun, loads) << "other entries are not affected";
    });
}

// FusionCache #625, #535: the value from before an invalidation was kept after it.
TEST_P(cache_conformance, a_reader_after_the_invalidation_never_joins_the_old_load)
{
    auto* const there = another();
    for (int how = 0; how < 4; ++how) {
        db = {};
        db.held = true;
        std::vector<std::string> old;
        for (int i = 0; i < 3; ++i)
            start([&]() -> asio::awaitable<void> {
                const auto got = co_await read(*here, 1);
                old.push_back(got->name);
                // A node that did not invalidate itself learns of it from Redis, after its callers have got the value.
                EXPECT_TRUE(got.status() == cache_status::refused || (there != nullptr && how % 2 == 1));
            });
        run([&]() -> asio::awaitable<void> {
            co_await until([&] { return db.begun == 1; });
            auto& writer = there != nullptr && how % 2 == 1 ? *there : here;
            db.name = "Grace";
            if (how < 2) co_await writer->invalidate(profiles(1));
            if (how == 2) co_await writer->invalidate(tag{"people"});
            if (how == 3) co_await writer->clear();
        });
        std::string after;
        start([&]() -> asio::awaitable<void> {
            auto& reader = there != nullptr && how % 2 == 1 ? *there : here;
            const auto got = co_await read(*reader, 1);
            after = got->name;
        });
        run([&]() -> asio::awaitable<void> {
            co_await until([&] { return db.begun == 2; });
            db.held = false;
        });
        finish();
        EXPECT_EQ(after, "Grace") << how;
        EXPECT_EQ(old, (std::vector<std::string>{"Ada", "Ada", "Ada"}))
            << "callers from before the invalidation may get the old value";
        run([&]() -> asio::awaitable<void> {
            co_await here->drain();
            if (there != nullptr) {
                co_await (*there)->drain();
                const auto remote = co_await read(**there, 1);
                EXPECT_EQ(remote->name, "Grace");
            }
            if (how % 2 == 0) {  // on a node that did not write, L1 may be stale for up to the bound
                const auto local = co_await read(*here, 1);
                EXPECT_EQ(local->name, "Grace");
            }
            co_await here->clear();
        });
    }
}

// dhis2 #24916: a put whose load began before the eviction must be refused, however late it comes.
TEST_P(cache_conformance, an_old_load_that_ends_last_is_not_kept)
{
    source slow;
    slow.held = true;
    start([&]() -> asio::awaitable<void> {
        (void)co_await here->get_or_load(profiles(1), [&] { return slow.load(1); });
    });
    run([&]() -> asio::awaitable<void> {
        co_await until([&] { return slow.begun == 1; });
        co_await here->invalidate(profiles(1));
        db.name = "Grace";
        (void)co_await read(*here, 1);
        co_await here->drain();
        slow.held = false;
    });
    finish();
    run([&]() -> asio::awaitable<void> {
        co_await here->drain();
        const auto got = co_await read(*here, 1);
        EXPECT_EQ(got->name, "Grace");
        auto* const there = another();
        if (there == nullptr) co_return;
        const auto remote = co_await read(**there, 1);
        EXPECT_EQ(remote->name, "Grace");
    });
}

TEST_P(cache_conformance, what_a_loader_throws_reaches_everyone_who_waits_and_is_not_kept)
{
    db.held = db.broken = true;
    int told = 0;
    for (int i = 0; i < 5; ++i)
        start([&]() -> asio::awaitable<void> {
            try {
                (void)co_await read(*here, 1);
            } catch (const std::runtime_error& e) {
                told += e.what() == std::string{"the database is unreachable"} ? 1 : 0;
            }
        });
    run([&]() -> asio::awaitable<void> {
        co_await until([&] { return db.begun == 1; });
        db.held = false;
    });
    finish();
    EXPECT_EQ(told, 5);
    EXPECT_EQ(db.begun, 1);
    db.broken = false;
    run([&]() -> asio::awaitable<void> {
        co_await here->drain();
        const auto got = co_await read(*here, 1);
        EXPECT_EQ(got->name, "Ada");
    });
}

constexpr region<std::string(int)> hasty{"hasty:{}", {.ttl = 1h, .load = {.hard_timeout = 30ms}}};

TEST_P(cache_conformance, a_loader_that_never_returns_is_cut_by_its_hard_timeout)
{
    run([&]() -> asio::awaitable<void> {
        const auto load = []() -> asio::awaitable<std::string> {
            co_await sleep_for(1h);
            co_return "never";
        };
        boost::system::error_code code;
        try {
            (void)co_await here->get_or_load(hasty(1), load);
        } catch (const boost::system::system_error& e) {
            code = e.code();
        }
        EXPECT_EQ(code, errc::timed_out);
        const auto next = co_await here->get_or_load(hasty(1), [] { return std::string{"quick"}; });
        EXPECT_EQ(*next, "quick");
    });
}

// HybridCache: when the first caller was cancelled, the others did not get a value.
TEST_P(cache_conformance, when_the_first_caller_is_cancelled_the_others_still_get_a_value)
{
    db.held = true;
    asio::cancellation_signal cancel;
    bool cancelled = false;
    asio::co_spawn(
        io, [&]() -> asio::awaitable<void> { (void)co_await read(*here, 1); },
        asio::bind_cancellation_slot(cancel.slot(), [&](const std::exception_ptr& e) { cancelled = e != nullptr; }));
    std::string name;
    run([&]() -> asio::awaitable<void> { co_await until([&] { return db.begun == 1; }); });
    start([&]() -> asio::awaitable<void> {
        const auto got = co_await read(*here, 1);
        name = got->name;
    });
    io.restart();
    io.poll();
    cancel.emit(asio::cancellation_type::terminal);
    run([&]() -> asio::awaitable<void> {
        co_await until([&] { return db.begun == 2; });
        db.held = false;
    });
    finish();
    EXPECT_TRUE(cancelled);
    EXPECT_EQ(name, "Ada");
}

TEST_P(cache_conformance, nothing_there_is_a_value_too_and_lives_shorter)
{
    int loads = 0;
    const auto load = [&]() -> asio::awaitable<std::optional<profile>> {
        ++loads;
        co_return std::nullopt;
    };
    run([&]() -> asio::awaitable<void> {
        const auto first = co_await here->get_or_load(perhaps(1), load);
        EXPECT_FALSE(first->has_value());
        EXPECT_TRUE(first.negative());
        const auto second = co_await here->get_or_load(perhaps(1), load);
        EXPECT_EQ(second.status(), cache_status::hit_local);
        EXPECT_LT(second.ttl(), 151ms);
        EXPECT_EQ(loads, 1);
        while (loads == 1) {
            co_await sleep_for(10ms);
            (void)co_await here->get_or_load(perhaps(1), load);
        }
    });
}

constexpr region<profile(std::int64_t)> patient{"patient:{}", {.ttl = 100ms, .stale = {.while_revalidate = 1h}}};

TEST_P(cache_conformance, past_its_ttl_the_old_value_is_served_at_once_and_refreshed_once)
{
    const auto profile_of = here->memoize(patient, [&](std::int64_t id) { return db.load(id); });
    run([&]() -> asio::awaitable<void> {
        const auto first = co_await profile_of(1);
        EXPECT_EQ(first.status(), cache_status::loaded);
        co_await here->drain();
        db.name = "Grace";
        db.held = true;
        cached<profile> stale;
        while (stale.status() != cache_status::stale) {
            co_await sleep_for(5ms);
            stale = co_await profile_of(1);
        }
        EXPECT_EQ(stale->name, "Ada");
        EXPECT_LT(stale.ttl(), 0ms);
        for (int i = 0; i < 20; ++i) {
            const auto again = co_await profile_of(1);
            EXPECT_EQ(again.status(), cache_status::stale);
        }
        co_await until([&] { return db.begun == 2; });
        db.held = false;
        co_await here->drain();
        EXPECT_EQ(db.begun, 2);
        const auto fresh = co_await here->get(patient(1));
        if (fresh) {  // it expires after 100 ms
            EXPECT_EQ(fresh->name, "Grace");
        }
    });
}

TEST_P(cache_conformance, an_invalidated_value_is_not_served_as_stale)
{
    const auto profile_of = here->memoize(patient, [&](std::int64_t id) { return db.load(id); });
    run([&]() -> asio::awaitable<void> {
        (void)co_await profile_of(2);
        co_await here->drain();
        co_await here->invalidate(patient);
        db.name = "Grace";
        const auto got = co_await profile_of(2);
        EXPECT_EQ(got.status(), cache_status::loaded);
        EXPECT_EQ(got->name, "Grace");
    });
}

constexpr region<profile(std::int64_t)> forgiving{
    "forgiving:{}", {.ttl = 100ms, .stale = {.if_error = 1h, .retry_after = 400ms}, .load = {.soft_timeout = 20ms}}};

TEST_P(cache_conformance, a_failing_load_is_answered_with_the_old_value_and_not_tried_by_everyone)
{
    auto* const there = another();
    run([&]() -> asio::awaitable<void> {
        const auto read_one = [&](cache& c) { return c.get_or_load(forgiving(1), [&] { return db.load(1); }); };
        (void)co_await read_one(*here);
        co_await here->drain();
        db.broken = true;
        cached<profile> old;
        while (old.status() != cache_status::stale) {
            co_await sleep_for(5ms);
            old = co_await read_one(*here);
        }
        EXPECT_EQ(old->name, "Ada");
        co_await here->drain();
        const int tries = db.begun;
        for (int i = 0; i < 5; ++i) {
            old = co_await read_one(*here);
            EXPECT_EQ(old->name, "Ada");
            if (there == nullptr) continue;
            old = co_await read_one(**there);
            EXPECT_EQ(old->name, "Ada");
        }
        EXPECT_EQ(db.begun, tries) << "no node loads before retry_after";
        db.broken = false;
        db.name = "Grace";
        while (old->name != "Grace") {
            co_await sleep_for(10ms);
            old = co_await read_one(*here);
        }
    });
}

TEST_P(cache_conformance, a_slow_load_is_answered_with_the_old_value_after_the_soft_timeout)
{
    const auto profile_of = here->memoize(forgiving, [&](std::int64_t id) { return db.load(id); });
    run([&]() -> asio::awaitable<void> {
        (void)co_await profile_of(3);
        co_await here->drain();
        db.held = true;
        db.name = "Ada, slowly";
        cached<profile> old;
        while (old.status() != cache_status::stale) {
            co_await sleep_for(5ms);
            old = co_await profile_of(3);
        }
        EXPECT_EQ(old->name, "Ada");
        const int begun = db.begun;
        db.name = "Grace";
        db.held = false;
        while (old->name != "Ada, slowly") old = co_await profile_of(3);
        EXPECT_EQ(db.begun, begun) << "the load was not cancelled, and its value is kept";
    });
}

TEST_P(cache_conformance, a_load_that_is_the_callers_ends_with_the_soft_timeout)
{
    run([&]() -> asio::awaitable<void> {
        const auto read_one = [&] { return here->get_or_load(forgiving(4), [&] { return db.load(4); }); };
        (void)co_await read_one();
        co_await here->drain();
        db.held = true;
        cached<profile> old;
        while (old.status() != cache_status::stale) {
            co_await sleep_for(5ms);
            old = co_await read_one();
        }
        EXPECT_EQ(old->name, "Ada");
        EXPECT_EQ(db.ended, db.begun) << "the load is cancelled";
        db.held = false;
    });
}

constexpr region<profile(std::int64_t)> eager{"eager:{}", {.ttl = 300ms, .early_refresh = 50}};

TEST_P(cache_conformance, a_dear_value_is_refreshed_before_its_ttl_ends)
{
    const auto profile_of = here->memoize(eager, [&](std::int64_t id) -> asio::awaitable<profile> {
        co_await sleep_for(10ms);
        co_return co_await db.load(id);
    });
    run([&]() -> asio::awaitable<void> {
        (void)co_await profile_of(1);
        const auto begin = std::chrono::steady_clock::now();
        while (db.begun == 1) {
            const auto got = co_await profile_of(1);
            EXPECT_EQ(got.status(), cache_status::hit_local);
            co_await sleep_for(1ms);
            if (std::chrono::steady_clock::now() - begin > 290ms) break;  // the machine is too slow for this check
        }
        co_await here->drain();
        EXPECT_GE(db.begun, 1);
    });
}

TEST_P(cache_conformance, get_set_and_remove)
{
    auto* const there = another();
    run([&]() -> asio::awaitable<void> {
        auto got = co_await here->get(plain(1));
        EXPECT_FALSE(got);
        EXPECT_EQ(got.status(), cache_status::missed);
        const std::string bytes = "a\r\n\xff" + std::string(1, '\0');
        co_await here->set(plain(1), bytes);
        got = co_await here->get(plain(1));
        EXPECT_EQ(got.status(), cache_status::hit_local);
        EXPECT_EQ(*got, bytes);
        if (there != nullptr) {
            got = co_await (*there)->get(plain(1));
            EXPECT_EQ(got.status(), cache_status::hit_shared);
            EXPECT_EQ(*got, bytes);
            got = co_await (*there)->get(plain(1));
            EXPECT_EQ(got.status(), cache_status::hit_local);
        }
        const auto kept =
            co_await here->get_or_load(plain(1), []() -> std::string { throw std::logic_error{"loaded"}; });
        EXPECT_EQ(*kept, bytes);
        co_await here->remove(plain(1));
        got = co_await here->get(plain(1));
        EXPECT_FALSE(got);
    });
}

TEST_P(cache_conformance, many_keys_cost_one_call_of_the_loader_for_those_that_are_nowhere)
{
    auto* const there = another();
    std::vector<std::vector<std::size_t>> calls;
    const auto load = [&](std::span<const std::size_t> which) -> asio::awaitable<std::vector<std::string>> {
        calls.emplace_back(which.begin(), which.end());
        std::vector<std::string> out;
        for (const auto i : which) out.push_back("v" + std::to_string(i));
        co_return out;
    };
    run([&]() -> asio::awaitable<void> {
        std::vector<key<std::string>> keys;
        for (int i = 0; i < 6; ++i) keys.push_back(plain(i));
        co_await here->set(plain(2), std::string{"set"});
        auto got = co_await here->get_or_load_many(keys, load);
        const std::vector<std::size_t> missing{0, 1, 3, 4, 5};
        EXPECT_THAT(calls, ::testing::ElementsAre(missing));
        for (std::size_t i = 0; i < got.size(); ++i) EXPECT_EQ(*got[i], i == 2 ? "set" : "v" + std::to_string(i));
        co_await here->drain();
        got = co_await here->get_or_load_many(keys, load);
        EXPECT_EQ(got[5].status(), cache_status::hit_local);
        if (there != nullptr) {
            got = co_await (*there)->get_or_load_many(keys, load);
            EXPECT_EQ(got[5].status(), cache_status::hit_shared);
            auto found = co_await (*there)->get_many(keys);
            EXPECT_EQ(*found[2], "set");
            const std::vector<key<std::string>> unknown{plain(1), plain(77)};
            found = co_await (*there)->get_many(unknown);
            EXPECT_TRUE(found[0]);
            EXPECT_FALSE(found[1]);
        }
        EXPECT_EQ(calls.size(), 1U);
    });
}

TEST_P(cache_conformance, of_many_keys_those_that_somebody_loads_already_are_waited_for)
{
    bool held = true;
    int single = 0;
    std::vector<std::size_t> batch;
    start([&]() -> asio::awaitable<void> {
        (void)co_await here->get_or_load(plain(1), [&]() -> asio::awaitable<std::string> {
            ++single;
            while (held) co_await sleep_for(1ms);
            co_return "single";
        });
    });
    std::vector<std::string> values;
    start([&]() -> asio::awaitable<void> {
        co_await until([&] { return single == 1; });
        const std::vector<key<std::string>> keys{plain(0), plain(1), plain(2)};
        const auto got = co_await here->get_or_load_many(
            keys, [&](std::span<const std::size_t> which) -> asio::awaitable<std::vector<std::string>> {
                batch.assign(which.begin(), which.end());
                held = false;
                co_return std::vector<std::string>(which.size(), "batch");
            });
        for (const auto& g : got) values.push_back(*g);
    });
    finish();
    EXPECT_EQ(batch, (std::vector<std::size_t>{0, 2}));
    EXPECT_EQ(values, (std::vector<std::string>{"batch", "single", "batch"}));
    EXPECT_EQ(single, 1);
}

constexpr region<std::string(int)> small{"small:{}", {.ttl = 1h, .size = {.max_bytes = 1000}}};

TEST_P(cache_conformance, a_value_over_the_limit_is_served_and_counted_but_not_stored)
{
    int loads = 0;
    const auto load = [&] {
        ++loads;
        return std::string(5000, 'x');
    };
    run([&]() -> asio::awaitable<void> {
        for (int i = 0; i < 3; ++i) {
            const auto got = co_await here->get_or_load(small(1), load);
            EXPECT_EQ(got->size(), 5000U);
            EXPECT_EQ(got.status(), cache_status::refused);
            co_await here->drain();
        }
    });
    EXPECT_EQ(loads, 3);
    const auto stats = cache_inspector{*here}.stats();
    const auto of_region =
        std::find_if(stats.regions.begin(), stats.regions.end(), [](const auto& r) { return r.region == "small:{}"; });
    EXPECT_EQ(of_region->oversized, 3U);
    EXPECT_EQ(of_region->loads, 3U);
}

// An outer entry that was built from an old inner entry would outlive the invalidation of the inner one.
TEST_P(cache_conformance, inside_a_load_the_cache_is_neither_read_nor_filled)
{
    run([&]() -> asio::awaitable<void> {
        co_await here->set(plain(1), std::string{"old"});
        const auto outer = co_await here->get_or_load(plain(2), [&]() -> asio::awaitable<std::string> {
            const auto inner = co_await here->get_or_load(plain(1), [] { return std::string{"new"}; });
            EXPECT_EQ(inner.status(), cache_status::bypassed);
            const auto deeper = co_await here->get_or_load(plain(3), [] { return std::string{"x"}; });
            const auto read = co_await here->get(plain(1));
            EXPECT_FALSE(read);
            const std::vector<key<std::string>> both{plain(1), plain(3)};
            const auto many = co_await here->get_many(both);
            EXPECT_FALSE(many[0]);
            co_return *inner + *deeper;
        });
        EXPECT_EQ(*outer, "newx");
        const auto kept = co_await here->get(plain(1));
        EXPECT_EQ(*kept, "old");
        const auto third = co_await here->get(plain(3));
        EXPECT_FALSE(third);
    });
}

TEST_P(cache_conformance, a_large_value_comes_back_whole)
{
    auto* const there = another();
    std::string text;
    for (int i = 0; i < 20'000; ++i) text += std::to_string(i) + " ";
    run([&]() -> asio::awaitable<void> {
        (void)co_await here->get_or_load(plain(1), [&] { return text; });
        co_await here->drain();
        if (there != nullptr) {
            const auto got = co_await (*there)->get(plain(1));
            EXPECT_EQ(got.status(), cache_status::hit_shared);
            EXPECT_EQ(*got, text);
        }
    });
}

TEST_P(cache_conformance, explain_reports_what_would_be_served_and_why_not)
{
    auto* const there = another();
    run([&]() -> asio::awaitable<void> {
        auto e = co_await cache_inspector{*here}.explain(profiles(987));
        EXPECT_EQ(e.verdict, "A miss: there is no entry.");
        (void)co_await read(*here, 1);
        co_await here->drain();
        e = co_await cache_inspector{*here}.explain(profiles(1));
        EXPECT_EQ(e.verdict, "A hit in L1.");
        EXPECT_EQ(e.region, "profile:{}");
        if (there == nullptr) co_return;
        e = co_await cache_inspector{**there}.explain(profiles(1));
        EXPECT_EQ(e.verdict, "A hit in Redis; the read may copy the entry to L1.");
        EXPECT_GT(e.shared_ttl_ms, 3'500'000);
        co_await here->invalidate(tag{"people"});
        e = co_await cache_inspector{**there}.explain(profiles(1));
        EXPECT_EQ(e.verdict, "A miss: a tag of the entry was invalidated.");
        EXPECT_THAT(e.invalid_tags, ::testing::ElementsAre("people"));
    });
}

std::string name_of(const ::testing::TestParamInfo<backend>& p)
{
    constexpr std::array names{"memory", "redis", "sentinel", "cluster", "rest"};
    return names[static_cast<std::size_t>(p.param)];
}

TEST_P(cache_conformance, warming_loads_what_is_missing_or_about_to_expire_while_readers_have_the_old_value)
{
    auto* const there = another();
    run([&]() -> asio::awaitable<void> {
        const auto load = [this] { return db.load(1); };
        const auto first = co_await here->warm(profiles(1), load);
        EXPECT_EQ(first.status(), cache_status::loaded);
        const auto again = co_await here->warm(profiles(1), load, 0.5);
        EXPECT_EQ(again.status(), cache_status::hit_local);
        co_await here->drain();
        auto& other = there != nullptr ? **there : *here;
        const auto elsewhere = co_await other.warm(profiles(1), load, 0.5);
        EXPECT_EQ(elsewhere.status(), there != nullptr ? cache_status::hit_shared : cache_status::hit_local);
        EXPECT_EQ(db.begun, 1);

        db.held = true;
        db.name = "Grace";
        int renewed = 0;
        start([&]() -> asio::awaitable<void> {
            const auto got = co_await other.warm(profiles(1), load, 1);
            EXPECT_EQ(got.status(), cache_status::loaded);
            EXPECT_EQ(got->name, "Grace");
            ++renewed;
        });
        co_await until([&] { return db.begun == 2; });
        const auto meanwhile = co_await read(other, 1);
        EXPECT_EQ(meanwhile->name, "Ada");
        db.held = false;
        co_await until([&] { return renewed == 1; });
        const auto after = co_await read(other, 1);
        EXPECT_EQ(after->name, "Grace");
        co_await other.drain();
        const auto figures = cache_inspector{other}.stats();
        const auto& of = *std::find_if(figures.regions.begin(), figures.regions.end(),
                                       [](const auto& r) { return r.region == profiles.pattern(); });
        EXPECT_EQ(of.misses, 0U) << "no reader waited for a load";
    });
    finish();
}

TEST_P(cache_conformance, warming_a_failing_loader_throws_and_leaves_what_is_there)
{
    run([&]() -> asio::awaitable<void> {
        (void)co_await read(*here, 1);
        db.broken = true;
        bool failed = false;
        const auto load = [this] { return db.load(1); };
        const auto broken = [this] { return db.load(2); };
        const auto kept = co_await here->warm(profiles(1), load, 1);
        EXPECT_EQ(kept->name, "Ada");
        try {
            (void)co_await here->warm(profiles(2), broken);
        } catch (const std::runtime_error&) {
            failed = true;
        }
        EXPECT_TRUE(failed);
        const auto still = co_await read(*here, 1);
        EXPECT_EQ(still->name, "Ada");
    });
}

INSTANTIATE_TEST_SUITE_P(on, cache_conformance,
                         ::testing::Values(backend::memory, backend::redis, backend::sentinel, backend::cluster,
                                           backend::rest),
                         name_of);

}  // namespace
}  // namespace larder
