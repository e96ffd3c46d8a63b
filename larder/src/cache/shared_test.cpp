// SPDX-License-Identifier: MIT
// Caches that share a Redis when something goes wrong: keys written by other programs, damaged entries, leases of dead
// processes, lost scripts, and a Redis that is slow or unreachable.
#include <larder/testing/fault_proxy.hpp>

#include "backend_fixture.hpp"
#include "shared_tier.hpp"

namespace larder {
namespace {

using larder::testing::direction;
using larder::testing::fault_proxy;

class shared_test : public redis_cache_test {
 protected:
    asio::awaitable<cached<std::string>> read(node& n, int i, const std::string& value)
    {
        co_return co_await n->get_or_load(plain(i), [&] {
            ++loads;
            return value;
        });
    }
    std::uint64_t counted(node& n, std::uint64_t region_stats::* what)
    {
        std::uint64_t sum = 0;
        for (const auto& r : cache_inspector{*n}.stats().regions) sum += r.*what;
        return sum;
    }

    int loads = 0;
};

TEST_F(shared_test, the_bytes_in_redis_carry_magic_ttl_and_nothing_else_is_there)
{
    auto& n = another();
    run([&]() -> asio::awaitable<void> {
        (void)co_await n->get_or_load(profiles(1), [] { return made(1); });
        co_await n->drain();
    });
    EXPECT_EQ(server.command({"GETRANGE", "profile:1", "0", "3"}), "LRD1");
    EXPECT_GT(std::stol(server.command({"PTTL", "profile:1"})), 3'500'000);
    EXPECT_EQ(server.command({"GETRANGE", "profile:1", "4", "49"}), std::string(46, '0')) << "the lease is cleared";
    std::vector<std::string> keys;
    const auto all = server.command({"KEYS", "*"});
    for (const auto* k : {"profile:1", "larder:epoch", "larder:tag:@", "larder:tag:@profile:{}", "larder:tag:people",
                          "larder:tag:profile-of:1"})
        EXPECT_NE(("\n" + all + "\n").find("\n" + std::string{k} + "\n"), std::string::npos) << k << " in " << all;
    EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 5);
}

TEST_F(shared_test, with_any_byte_flipped_or_cut_off_an_entry_is_a_miss_that_is_repaired)
{
    auto& writer = another();
    run([&]() -> asio::awaitable<void> {
        (void)co_await read(writer, 1, "the value");
        co_await writer->drain();
    });
    const auto bytes = server.command({"GET", "plain:1"});
    for (std::size_t i = 0; i <= bytes.size(); ++i) {
        auto wrong = bytes;
        if (i < bytes.size()) wrong[i] = static_cast<char>(wrong[i] ^ 0x15);
        if (i == bytes.size()) wrong.resize(bytes.size() / 2);
        server.command({"SET", "plain:1", wrong, "PX", "100000"});
        loads = 0;
        auto& n = another();
        run([&]() -> asio::awaitable<void> {
            const auto got = co_await read(n, 1, "the value");
            EXPECT_EQ(*got, "the value") << i;
            co_await n->drain();
            const auto now = server.command({"GETRANGE", "plain:1", "0", "3"});
            const bool ours = i >= 4 || now == "LRD1";
            EXPECT_TRUE(ours || now == wrong.substr(0, 4)) << "a value that is not a cache entry is left alone";
        });
        if (i >= detail::lease_end) {
            EXPECT_EQ(loads, 1) << i;
        }
        nodes.resize(1);
    }
}

TEST_F(shared_test, what_is_no_entry_of_ours_is_never_overwritten)
{
    server.command({"SET", "plain:1", "a stranger's"});
    server.command({"HSET", "plain:2", "field", "value"});
    auto& n = another();
    run([&]() -> asio::awaitable<void> {
        for (const int i : {1, 2}) {
            const auto got = co_await read(n, i, "ours");
            EXPECT_EQ(*got, "ours");
        }
        co_await n->drain();
    });
    EXPECT_EQ(server.command({"GET", "plain:1"}), "a stranger's");
    EXPECT_EQ(server.command({"HGET", "plain:2", "field"}), "value");
    EXPECT_GE(counted(n, &region_stats::corrupt), 1U);
}

// A rolling deploy: another version of the program stores another type under the same key.
constexpr region<std::vector<std::int64_t>(int)> plain_as_numbers{"plain:{}", {.ttl = 1h}};

TEST_F(shared_test, an_entry_of_another_schema_is_not_read_and_not_overwritten)
{
    auto& old = another();
    auto& fresh = another();
    run([&]() -> asio::awaitable<void> {
        (void)co_await read(old, 1, "old");
        co_await old->drain();
        const auto bytes = server.command({"GET", "plain:1"});
        const auto got =
            co_await fresh->get_or_load(plain_as_numbers(1), [] { return std::vector<std::int64_t>{1, 2}; });
        EXPECT_EQ(got.status(), cache_status::loaded);
        co_await fresh->drain();
        EXPECT_EQ(server.command({"GET", "plain:1"}), bytes);
    });
}

TEST_F(shared_test, when_the_owner_of_a_lease_dies_another_loads_after_it)
{
    auto& n = another({.lease = 200ms});
    run([&]() -> asio::awaitable<void> {
        detail::freshness nothing{5s};
        detail::shared_tier tier{*n.client, nothing, {5s, true, false, [] { return boot_time{}; }}};
        std::vector<detail::acquire_question> entries(1);
        entries[0].key = "plain:1";
        const auto dead = co_await tier.read(entries, {}, detail::random_token(), 300ms);
        EXPECT_EQ(dead.entries[0].what, detail::acquire_answer::state::granted);
        const auto begin = std::chrono::steady_clock::now();
        const auto got = co_await read(n, 1, "value");
        EXPECT_EQ(*got, "value");
        EXPECT_GE(std::chrono::steady_clock::now() - begin, 250ms);
        co_await n->drain();
        EXPECT_EQ(server.command({"STRLEN", "plain:1"}) == "0", false);
    });
}

TEST_F(shared_test, a_lease_is_renewed_while_its_load_goes_on)
{
    auto& slow = another({.lease = 300ms});
    auto& other = another({.lease = 300ms});
    bool held = true;
    start([&]() -> asio::awaitable<void> {
        (void)co_await slow->get_or_load(plain(1), [&]() -> asio::awaitable<std::string> {
            ++loads;
            while (held) co_await sleep_for(1ms);
            co_return "slow";
        });
    });
    run([&]() -> asio::awaitable<void> {
        co_await until([&] { return loads == 1; });
        co_await sleep_for(700ms);
        const auto e = co_await cache_inspector{*other}.explain(plain(1));
        EXPECT_EQ(e.shared, "loading");
        EXPECT_GT(e.lease_ms, 0);
        held = false;
    });
    finish();
    run([&]() -> asio::awaitable<void> {
        co_await slow->drain();
        const auto got = co_await other->get(plain(1));
        EXPECT_EQ(*got, "slow");
    });
}

TEST_F(shared_test, a_strangers_del_voids_a_running_fill)
{
    auto& n = another();
    bool held = true;
    start([&]() -> asio::awaitable<void> {
        (void)co_await n->get_or_load(plain(1), [&]() -> asio::awaitable<std::string> {
            ++loads;
            while (held) co_await sleep_for(1ms);
            co_return "from before";
        });
    });
    run([&]() -> asio::awaitable<void> {
        co_await until([&] { return loads == 1; });
        server.command({"DEL", "plain:1"});
        held = false;
    });
    finish();
    run([&]() -> asio::awaitable<void> { co_await n->drain(); });
    EXPECT_EQ(server.command({"EXISTS", "plain:1"}), "0");
    EXPECT_EQ(counted(n, &region_stats::refused), 1U);
}

// FusionCache #419 and others: old entries must not become valid again when an invalidation marker is evicted.
TEST_F(shared_test, a_tag_key_that_was_evicted_causes_misses_only)
{
    auto& n = another();
    run([&]() -> asio::awaitable<void> {
        (void)co_await n->get_or_load(profiles(1), [] { return made(1); });
        co_await n->drain();
        for (const auto* k : {"larder:tag:people", "larder:tag:@"}) {
            server.command({"DEL", k});
            auto& later = another();
            bool loaded = false;
            (void)co_await later->get_or_load(profiles(1), [&] {
                loaded = true;
                return made(1);
            });
            EXPECT_TRUE(loaded) << k;
            co_await later->drain();
        }
    });
}

TEST_F(shared_test, scripts_that_the_server_lost_are_sent_again)
{
    auto& n = another();
    run([&]() -> asio::awaitable<void> {
        (void)co_await read(n, 1, "value");
        co_await n->drain();
        server.command({"SCRIPT", "FLUSH"});
        auto& m = another();
        const auto got = co_await m->get(plain(1));
        EXPECT_EQ(*got, "value");
        server.command({"SCRIPT", "FLUSH"});
        (void)co_await read(m, 2, "value");
        server.command({"SCRIPT", "FLUSH"});
        co_await m->drain();
        const auto there = co_await another()->get(plain(2));
        EXPECT_EQ(*there, "value");
    });
}

// An entry whose tag version was read a while ago is confirmed only from that read, not for the bound from now on.
TEST_F(shared_test, an_entry_is_confirmed_no_longer_than_its_oldest_tag_version)
{
    const no_tracking untracked;
    larder::testing::manual_clock time;
    time.advance(1h);
    auto& writer = another();
    auto& reader = another({.bound = 300ms, .time = &time});
    const auto read_one = [&](node& n, std::int64_t id, const char* name) {
        return n->get_or_load(profiles(id), [id, name] { return made(id, name); });
    };
    run([&]() -> asio::awaitable<void> {
        (void)co_await read_one(writer, 1, "Ada");
        (void)co_await read_one(writer, 2, "Ada");
        co_await writer->drain();
        (void)co_await read_one(reader, 1, "Ada");
        co_await writer->invalidate(tag{"people"});
        time.advance(140ms);
        const auto old = co_await read_one(reader, 2, "Grace");
        EXPECT_EQ(old->name, "Ada") << "still within the bound of the tag's read";
        time.advance(170ms);
        const auto fresh = co_await read_one(reader, 2, "Grace");
        EXPECT_EQ(fresh->name, "Grace");
    });
}

class away_test : public shared_test {
 protected:
    away_test()
    {
        auto o = to(server);
        o.addresses = {{"127.0.0.1", proxy.port()}};
        client.emplace(io, o);
        cached_.emplace(io, o, cache_options{});
        run([&]() -> asio::awaitable<void> { co_await client->connect(); });
    }
    ~away_test() override
    {
        proxy.heal();
        bool done = false;
        asio::co_spawn(io, cached_->drain(), [&](const std::exception_ptr&, const unfinished_work&) { done = true; });
        run_until([&] { return done; });
    }
    asio::awaitable<cached<std::string>> get(int i, const std::string& value)
    {
        co_return co_await cached_->get_or_load(plain(i), [&] {
            ++loads;
            return value;
        });
    }

    fault_proxy proxy{server.port()};
    std::optional<redis::client> client;
    std::optional<cache> cached_;
};

TEST_F(away_test, behind_a_black_hole_reads_load_within_the_deadline_and_writes_are_pending_until_it_heals)
{
    auto& other = another();
    run([&]() -> asio::awaitable<void> {
        (void)co_await get(1, "old");
        co_await cached_->drain();
        proxy.black_hole(direction::to_server);
        for (int i = 10; i < 40; ++i) {
            const auto begin = std::chrono::steady_clock::now();
            const auto got = co_await get(i, "loaded");
            EXPECT_EQ(*got, "loaded");
            EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s) << "with a margin for a busy machine";
        }
        const auto done = co_await cached_->invalidate(plain(1));
        EXPECT_EQ(done, invalidation::pending);
        EXPECT_EQ(cache_inspector{*cached_}.stats().pending_invalidations, 1U);
        const auto mine = co_await get(1, "new");
        EXPECT_EQ(*mine, "new") << "this process does not read a key from Redis while its invalidation is pending";
        proxy.heal();
        co_await until([&] { return cache_inspector{*cached_}.stats().pending_invalidations == 0; });
        EXPECT_EQ(server.command({"EXISTS", "plain:1"}), "0");
        const auto theirs = co_await read(other, 1, "new");
        EXPECT_EQ(*theirs, "new");
    });
}

// Redis answers reads but refuses the invalidation, so the old value is still there.
TEST_F(shared_test, while_an_invalidation_is_pending_nothing_of_its_keys_is_taken_from_redis)
{
    auto& n = another();
    run([&]() -> asio::awaitable<void> {
        (void)co_await n->get_or_load(profiles(1), [] { return made(1); });
        (void)co_await n->get_or_load(profiles(2), [] { return made(2); });
        co_await n->drain();
        server.command({"ACL", "SETUSER", "default", "-unlink"});
        const auto by_key = co_await n->invalidate(profiles(1));
        const auto by_tag = co_await n->invalidate(tag{"profile-of:{}", 2});
        EXPECT_EQ(by_key, invalidation::pending);
        EXPECT_EQ(by_tag, invalidation::pending);
        for (const std::int64_t id : {1, 2}) {
            const auto got = co_await n->get_or_load(profiles(id), [&] { return made(id, "Grace"); });
            EXPECT_EQ(got->name, "Grace") << id;
            const auto again = co_await n->get_or_load(profiles(id), [&] { return made(id, "Barbara"); });
            EXPECT_NE(again->name, "Ada") << id;
        }
        server.command({"ACL", "SETUSER", "default", "+unlink"});
        co_await n->drain();
        EXPECT_EQ(cache_inspector{*n}.stats().pending_invalidations, 0U);
        auto& other = another();
        for (const std::int64_t id : {1, 2}) {
            const auto got = co_await other->get_or_load(profiles(id), [&] { return made(id, "Barbara"); });
            EXPECT_NE(got->name, "Ada") << id;
        }
    });
}

constexpr region<std::string(int)> lenient{"lenient:{}", {.ttl = 1h, .stale = {.if_error = 1h, .beyond_bound = true}}};

TEST_F(away_test, beyond_the_bound_a_value_is_served_only_where_the_region_says_so_and_only_if_the_load_fails)
{
    cache short_bound{io, client->settings(), {.bound = 100ms}};
    run([&]() -> asio::awaitable<void> {
        bool broken = false;
        const auto load = [&]() -> std::string {
            if (broken) throw std::runtime_error{"the database is unreachable"};
            return "value";
        };
        (void)co_await short_bound.get_or_load(lenient(1), load);
        (void)co_await short_bound.get_or_load(plain(1), load);
        co_await short_bound.drain();
        proxy.black_hole(direction::to_server);
        broken = true;
        co_await sleep_for(150ms);
        const auto got = co_await short_bound.get_or_load(lenient(1), load);
        EXPECT_EQ(got.status(), cache_status::stale);
        EXPECT_EQ(*got, "value");
        bool failed = false;
        try {
            (void)co_await short_bound.get_or_load(plain(1), load);
        } catch (const std::runtime_error&) {
            failed = true;
        }
        EXPECT_TRUE(failed);
        co_await short_bound.invalidate(lenient(1));
        failed = false;
        try {
            (void)co_await short_bound.get_or_load(lenient(1), load);
        } catch (const std::runtime_error&) {
            failed = true;
        }
        EXPECT_TRUE(failed) << "an invalidated value is not served even beyond the bound";
        proxy.heal();
        co_await short_bound.drain();
    });
}

}  // namespace
}  // namespace larder
