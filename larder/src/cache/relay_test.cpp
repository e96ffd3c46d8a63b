// SPDX-License-Identifier: MIT
// The relay, and the freshness that it confirms, on a real Redis with an outbox in memory. The tests run each pass
// explicitly, so that they determine which node relays and when. Also: nodes that are cut off, and two masters at once.
#include <boost/asio/use_future.hpp>
#include <larder/testing/fault_proxy.hpp>
#include <thread>

#include "backend_fixture.hpp"

namespace larder {
namespace {

constexpr region<std::string(int)> tagged{"tagged:{}", {.ttl = 1h, .tags = {"all-tagged"}}};
constexpr region<std::string(int)> strictly{"strictly:{}", {.ttl = 1h, .tags = {"all-strict"}, .strict = true}};

/// An outbox in memory instead of in a database.
class log_in_memory final : public change_log {
 public:
    std::int64_t write(written_invalidation w)
    {
        rows[++last] = std::move(w);
        return last;
    }

    std::map<std::int64_t, std::optional<written_invalidation>> rows;
    std::vector<std::int64_t> parked;
    std::string epoch;
    bool away = false;
    std::function<void()> while_reading = [] {};
    std::int64_t last = 0;

 private:
    asio::awaitable<snapshot> read() override
    {
        if (away) throw std::runtime_error{"the database is unreachable"};
        snapshot out;
        for (const auto& [id, what] : rows) out.rows.push_back({id, what});
        out.epoch = epoch;
        while_reading();
        co_return out;
    }
    asio::awaitable<bool> set_epoch(std::string old, std::string next) override
    {
        if (old != epoch) co_return false;
        epoch = next;
        co_return true;
    }
    asio::awaitable<void> done(std::vector<std::int64_t> ids, std::string under) override
    {
        if (!under.empty() && !epoch.starts_with(under)) co_return;
        for (const auto i : ids) rows.erase(i);
    }
    asio::awaitable<void> park(std::vector<std::int64_t> ids) override
    {
        for (const auto i : ids) {
            rows.erase(i);
            parked.push_back(i);
        }
        co_return;
    }
};

class relay_test : public redis_cache_test {
 protected:
    node& relayed(std::chrono::milliseconds bound = 3s) { return another({.bound = bound, .relayed = true}); }

    asio::awaitable<cached<std::string>> read(cache& c, int i, const region<std::string(int)>& in = tagged)
    {
        co_return co_await c.get_or_load(in(i), [this] {
            ++loads;
            return value;
        });
    }
    /// Runs a relay pass and waits for the background work that it causes.
    asio::awaitable<relay_report> pass(cache& c)
    {
        const auto report = co_await cache_outbox{c}.relay(log);
        co_await c.drain();
        co_return report;
    }
    asio::awaitable<std::string> read_from_redis(node& n, int i)
    {
        const auto got = co_await read(*n, i);
        EXPECT_EQ(got.status(), cache_status::hit_shared);
        co_return *got;
    }

    log_in_memory log;
    std::string value = "old";
    int loads = 0;
};

TEST_F(relay_test, the_first_pass_begins_an_epoch_in_the_database_and_in_redis)
{
    auto& n = relayed();
    run([&]() -> asio::awaitable<void> {
        const auto before = co_await read(*n, 1);
        EXPECT_EQ(before.status(), cache_status::loaded);
        EXPECT_EQ(server.command({"EXISTS", "larder:epoch"}), "0") << "only a relay begins an epoch";
        const auto report = co_await pass(*n);
        EXPECT_TRUE(report.began_anew);
        EXPECT_TRUE(report.published);
        EXPECT_EQ(server.command({"GET", "larder:epoch"}), log.epoch);
        EXPECT_LT(cache_inspector{*n}.stats().freshness_age_ms, 2000);
    });
}

TEST_F(relay_test, nothing_from_redis_is_believed_before_a_pass_has_ended)
{
    auto& a = relayed();
    auto& b = relayed();
    run([&]() -> asio::awaitable<void> {
        co_await pass(*a);
        (void)co_await read(*a, 1);
        co_await a->drain();
        value = "new";  // committed, but not invalidated yet
        const auto early = co_await read(*b, 1);
        EXPECT_EQ(*early, "new") << "for b nothing in Redis is confirmed fresh, so it loads";
        log.write({{"tagged:1"}, {}});
        value = "newest";
        co_await pass(*b);
        co_await pass(*a);
        const auto got = co_await read(*a, 1);
        EXPECT_EQ(*got, "newest");
    });
}

TEST_F(relay_test, what_no_node_relays_is_seen_by_all_within_the_bound)
{
    constexpr auto bound = 900ms;
    auto& a = relayed(bound);
    auto& b = relayed(bound);
    run([&]() -> asio::awaitable<void> {
        for (int i = 0; i < 3; ++i) {
            co_await pass(*a);
            co_await pass(*b);
        }
        (void)co_await read(*a, 1);
        co_await a->drain();
        const auto there = co_await read_from_redis(b, 1);
        EXPECT_EQ(there, "old");
        value = "new";
        log.write({{"tagged:1"}, {}});  // its writer has died
        log.away = true;
        const auto written = std::chrono::steady_clock::now();
        auto got = co_await read(*b, 1);
        while (*got == "old" && std::chrono::steady_clock::now() < written + 20s) {
            co_await sleep_for(5ms);
            got = co_await read(*b, 1);
        }
        EXPECT_LT(std::chrono::steady_clock::now() - written, bound + 100ms);
        EXPECT_EQ(*got, "new");
    });
}

TEST_F(relay_test, a_row_that_was_left_is_applied_and_deleted)
{
    auto& n = relayed();
    run([&]() -> asio::awaitable<void> {
        co_await pass(*n);
        (void)co_await read(*n, 1);
        co_await n->drain();
        value = "new";
        log.write({{}, {"all-tagged"}});
        const auto report = co_await pass(*n);
        EXPECT_EQ(report.applied, 1U);
        EXPECT_TRUE(log.rows.empty());
        const auto got = co_await read(*n, 1);
        EXPECT_EQ(*got, "new");
    });
}

TEST_F(relay_test, too_many_rows_or_one_that_cannot_be_read_begin_a_new_epoch)
{
    auto& n = relayed();
    run([&]() -> asio::awaitable<void> {
        for (const bool many : {true, false}) {
            value = "old";
            co_await pass(*n);
            co_await n->clear();
            (void)co_await read(*n, 1);
            co_await n->drain();
            value = "new";
            if (many) {
                for (int i = 0; i < 10'001; ++i) log.write({{"nobody:" + std::to_string(i)}, {}});
            } else {
                log.rows[++log.last] = std::nullopt;
            }
            const auto before = log.epoch;
            const auto report = co_await pass(*n);
            EXPECT_TRUE(report.began_anew);
            EXPECT_TRUE(report.published);
            EXPECT_NE(log.epoch, before);
            EXPECT_TRUE(log.rows.empty());
            EXPECT_EQ(log.parked.size(), many ? 0U : 1U);
            const auto got = co_await read(*n, 1);
            EXPECT_EQ(*got, "new");
        }
    });
}

// A split brain: the database names one Redis, and no relay publishes a watermark on the other.
TEST_F(relay_test, no_relay_confirms_a_redis_that_the_database_does_not_name)
{
    auto& n = relayed();
    run([&]() -> asio::awaitable<void> {
        co_await pass(*n);
        log.while_reading = [&] {  // another relay, which is connected to another Redis
            log.epoch = "0123456789abcdef:anotherrunid";
            log.while_reading = [] {};
        };
        co_await pass(*n);
        const auto mine = server.command({"GET", "larder:watermark"});
        log.epoch = "0123456789abcdef:anotherrunid";
        log.write({{"tagged:1"}, {}});
        const auto report = co_await pass(*n);
        EXPECT_TRUE(report.began_anew) << "the database now names this Redis, and its old entries are void";
        EXPECT_TRUE(log.epoch.ends_with(server.command({"GET", "larder:epoch"}).substr(16)));
        EXPECT_NE(server.command({"GET", "larder:watermark"}), mine);
    });
}

TEST_F(relay_test, rows_that_were_confirmed_under_another_epoch_stay)
{
    auto& n = relayed();
    run([&]() -> asio::awaitable<void> {
        co_await pass(*n);
        (void)co_await read(*n, 1);
        auto begun = cache_outbox{*n}.begin_invalidation({{"tagged:1"}, {}});
        const auto done = co_await begun.apply();
        EXPECT_EQ(done.how, invalidation::confirmed);
        EXPECT_EQ(done.epoch, log.epoch.substr(0, 16));
    });
}

TEST_F(relay_test, a_flush_begins_a_new_epoch_at_the_next_pass)
{
    auto& n = relayed();
    run([&]() -> asio::awaitable<void> {
        co_await pass(*n);
        (void)co_await read(*n, 1);
        co_await n->drain();
        const auto before = log.epoch;
        server.command({"FLUSHALL"});
        value = "new";
        const auto got = co_await read(*n, 1);
        EXPECT_TRUE(*got == "new" || *got == "old");
        const auto report = co_await pass(*n);
        EXPECT_TRUE(report.began_anew);
        EXPECT_NE(log.epoch, before);
        const auto again = co_await read(*n, 1);
        EXPECT_EQ(*again, "new");
    });
}

// Read-your-writes begins before COMMIT: values that are read in the meantime are not stored.
TEST_F(relay_test, what_is_announced_is_read_from_its_source_until_it_is_applied_or_withdrawn)
{
    auto& n = relayed();
    run([&]() -> asio::awaitable<void> {
        co_await pass(*n);
        (void)co_await read(*n, 1);
        co_await n->drain();
        for (const bool commit : {false, true}) {
            co_await n->invalidate(tagged(1));
            {
                auto begun = cache_outbox{*n}.begin_invalidation({{}, {"all-tagged"}});
                (void)co_await read(*n, 1);
                co_await n->drain();
                EXPECT_EQ(server.command({"EXISTS", "tagged:1"}), "0") << "the value is not stored in Redis";
                if (commit) {
                    value = "new";
                    (void)co_await begun.apply();
                }
            }
            const auto got = co_await read(*n, 1);
            co_await n->drain();
            EXPECT_EQ(*got, value);
            EXPECT_EQ(server.command({"EXISTS", "tagged:1"}), commit ? "1" : "0");
        }
    });
}

TEST_F(relay_test, a_strict_region_sees_on_every_node_what_was_invalidated_before)
{
    auto& a = relayed();
    auto& b = relayed();
    run([&]() -> asio::awaitable<void> {
        for (int i = 0; i < 2; ++i) {
            co_await pass(*a);
            co_await pass(*b);
        }
        for (int round = 0; round < 200; ++round) {
            (void)co_await read(*a, 1, strictly);
            (void)co_await read(*b, 1, strictly);
            value = std::to_string(round);
            if (round % 2 == 0) {
                co_await a->invalidate(strictly(1));
            } else {
                co_await a->invalidate(tag{"all-strict"});
            }
            const auto got = co_await read(*b, 1, strictly);
            EXPECT_EQ(*got, value);
        }
        co_await a->drain();
        co_await b->drain();
        const auto before = loads;
        const auto hit = co_await read(*b, 1, strictly);
        EXPECT_EQ(hit.status(), cache_status::hit_shared);
        EXPECT_EQ(loads, before);
    });
}

// A strict reader that starts after an invalidation must not get a value that an earlier reader has requested.
TEST_F(relay_test, a_strict_reader_joins_no_flight_that_may_have_read)
{
    auto& n = relayed();
    bool held = true;
    int begun = 0;
    auto slowly = [&]() -> asio::awaitable<std::string> {
        ++begun;
        const auto as_it_was = value;
        while (held) co_await sleep_for(1ms);
        co_return as_it_was;
    };
    run([&]() -> asio::awaitable<void> { co_await pass(*n); });
    start([&]() -> asio::awaitable<void> { (void)co_await n->get_or_load(strictly(1), slowly); });
    run_until([&] { return begun == 1; });
    value = "new";  // written by another node, and not pushed yet
    start([&]() -> asio::awaitable<void> {
        const auto got = co_await n->get_or_load(strictly(1), slowly);
        EXPECT_EQ(*got, "new");
    });
    run_until([&] { return begun == 2; });
    held = false;
    finish();
}

// In memory, the application that watches the database reports (confirm_applied) what other processes have written.
TEST_F(relay_test, in_memory_entries_live_for_the_bound_unless_invalidations_are_confirmed)
{
    node n{io, backend::memory, {.bound = 300ms, .relayed = true}};
    run([&]() -> asio::awaitable<void> {
        cache_outbox{*n}.confirm_applied(boot_clock::now());
        (void)co_await read(*n, 1);
        const auto end = std::chrono::steady_clock::now() + 900ms;
        while (std::chrono::steady_clock::now() < end) {
            cache_outbox{*n}.confirm_applied(boot_clock::now());
            (void)co_await read(*n, 1);
            co_await sleep_for(10ms);
        }
        EXPECT_EQ(loads, 1);
        value = "new";
        const auto changed = std::chrono::steady_clock::now();
        auto got = co_await read(*n, 1);
        while (*got == "old") {
            co_await sleep_for(5ms);
            got = co_await read(*n, 1);
        }
        EXPECT_LT(std::chrono::steady_clock::now() - changed, 400ms);
    });
}

TEST_F(relay_test, a_node_that_nobody_uses_sends_nothing_and_its_next_read_loads)
{
    larder::testing::manual_clock time;
    time.advance(1h);
    auto& n = another({.bound = 3s, .relayed = true, .time = &time});
    std::atomic<int> sent = 0;
    cache_inspector{*n}.on_redis_command([&](const redis::command_record&) { ++sent; });
    run([&]() -> asio::awaitable<void> {
        for (int i = 0; i < 3; ++i) co_await pass(*n);
        (void)co_await read(*n, 1);
        co_await n->drain();
        time.advance(59s);
        const auto in_use = co_await pass(*n);
        EXPECT_FALSE(in_use.idle);
        time.advance(2s);
        sent = 0;
        for (int i = 0; i < 10; ++i) {
            const auto idle = co_await pass(*n);
            EXPECT_TRUE(idle.idle);
            time.advance(500ms);
        }
        EXPECT_EQ(sent, 0);
        // A change by another node that has not been applied yet.
        log.write({{"tagged:1"}, {}});
        value = "new";
        const auto got = co_await read(*n, 1);
        EXPECT_EQ(*got, "new");
        EXPECT_NE(got.status(), cache_status::hit_local);
        EXPECT_NE(got.status(), cache_status::hit_shared);
        for (int i = 0; i < 3; ++i) {
            const auto again = co_await pass(*n);
            EXPECT_FALSE(again.idle);
            time.advance(500ms);
        }
        EXPECT_TRUE(log.rows.empty());
        EXPECT_LT(cache_inspector{*n}.stats().freshness_age_ms, 3000) << "the node is confirmed fresh again";
    });
}

TEST_F(relay_test, a_node_that_only_writes_is_in_use)
{
    larder::testing::manual_clock time;
    time.advance(1h);
    node n{io, backend::memory, {.relayed = true, .time = &time}};
    run([&]() -> asio::awaitable<void> {
        time.advance(61s);
        EXPECT_TRUE(cache_outbox{*n}.is_idle());
        auto begun = cache_outbox{*n}.begin_invalidation({{"tagged:1"}, {}});
        EXPECT_FALSE(cache_outbox{*n}.is_idle());
        (void)co_await begun.apply();
    });
}

/// A node that can be cut off from Redis and from the database.
class partition_test : public relay_test {
 protected:
    partition_test() : way_{server.port()}
    {
        const auto url = "redis://127.0.0.1:" + std::to_string(way_.port());
        here_.emplace(io, url, cache_options{.bound = bound, .redis_deadline = 200ms, .relayed = true});
    }
    ~partition_test() override
    {
        way_.heal();
        run([&]() -> asio::awaitable<void> { co_await here_->close(); });
    }
    /// Returns the value that a reader gets, or "error".
    asio::awaitable<std::string> shown()
    {
        auto loader = [this] {
            ++loads;
            if (database_away_) throw std::runtime_error{"the database is unreachable"};
            return value;
        };
        try {
            const auto got = co_await here_->get_or_load(tagged(1), loader);
            co_return *got;
        } catch (const std::runtime_error&) {
            co_return "error";
        }
    }
    asio::awaitable<void> settle()
    {
        for (int i = 0; i < 2; ++i) {
            co_await pass(*here_);
            co_await shown();
            co_await here_->drain();
        }
    }
    /// Reads until the old value is not returned any more, and expects that to happen within the bound.
    asio::awaitable<std::string> after_the_old()
    {
        const auto began = std::chrono::steady_clock::now();
        auto got = co_await shown();
        while (got == "old" && std::chrono::steady_clock::now() < began + 20s) {
            co_await sleep_for(5ms);
            got = co_await shown();
        }
        EXPECT_LT(std::chrono::steady_clock::now() - began, bound + 300ms);
        co_return got;
    }

    static constexpr auto bound = 900ms;
    larder::testing::fault_proxy way_;
    std::optional<cache> here_;
    bool database_away_ = false;
};

TEST_F(partition_test, a_node_that_sees_only_redis_shows_nothing_older_than_the_bound)
{
    run([&]() -> asio::awaitable<void> {
        co_await settle();
        value = "new";
        log.away = database_away_ = true;  // nobody relays, so entries in Redis are served for the bound
        const auto got = co_await after_the_old();
        EXPECT_EQ(got, "error");
        log.away = database_away_ = false;
        log.write({{"tagged:1"}, {}});
        co_await settle();
        const auto again = co_await shown();
        EXPECT_EQ(again, "new");
    });
}

TEST_F(partition_test, a_node_that_sees_only_the_database_loads)
{
    run([&]() -> asio::awaitable<void> {
        co_await settle();
        value = "new";
        way_.black_hole(larder::testing::direction::both);
        const auto got = co_await after_the_old();
        EXPECT_EQ(got, "new");
        way_.heal();
    });
}

TEST_F(partition_test, a_node_that_reaches_neither_database_nor_redis_reports_it_after_the_bound)
{
    run([&]() -> asio::awaitable<void> {
        co_await settle();
        value = "new";
        way_.black_hole(larder::testing::direction::both);
        database_away_ = true;
        const auto got = co_await after_the_old();
        EXPECT_EQ(got, "error");
        way_.heal();
    });
}

TEST_F(partition_test, a_redis_that_is_full_takes_no_fills_and_still_invalidates)
{
    run([&]() -> asio::awaitable<void> {
        co_await settle();
        server.command({"CONFIG", "SET", "maxmemory-policy", "noeviction"});
        server.command({"CONFIG", "SET", "maxmemory", "1"});
        value = "new";
        const auto done = co_await here_->invalidate(tagged(1));
        EXPECT_EQ(done, invalidation::confirmed);
        const auto got = co_await shown();
        EXPECT_EQ(got, "new");
        co_await here_->drain();
        EXPECT_EQ(server.command({"EXISTS", "tagged:1"}), "0");
        server.command({"CONFIG", "SET", "maxmemory", "0"});
    });
}

// A server behind a proxy that speaks only RESP2 has no HELLO, and so no tracking.
TEST_F(relay_test, behind_a_proxy_that_speaks_resp2_only_values_live_for_the_bound)
{
    const redis::testing_server old{
        {.arguments = {"--rename-command", "HELLO", ""}, .tls = false, .appendonly = false}};
    cache c{io, old.url(), {.bound = 300ms, .redis_deadline = 5s}};
    run([&]() -> asio::awaitable<void> {
        (void)co_await read(c, 1);
        co_await c.drain();
        EXPECT_FALSE(cache_inspector{c}.stats().tracked);
        value = "new";
        old.command({"DEL", "tagged:1"});
        const auto changed = std::chrono::steady_clock::now();
        auto got = co_await read(c, 1);
        while (*got == "old") {
            co_await sleep_for(5ms);
            got = co_await read(c, 1);
        }
        EXPECT_LT(std::chrono::steady_clock::now() - changed, 500ms);
        co_await c.close();
    });
}

// Found by the chaos tests: during a failover with two masters, one loop connects to the second master, and its UNLINK
// is confirmed there before any heartbeat was answered, while the other loop still reads from the first.
TEST(two_masters_test, what_one_of_them_has_confirmed_is_not_read_from_the_other)
{
    const redis::testing_server first;
    const redis::testing_server second;
    larder::testing::fault_proxy way{first.port()};
    runtime loops{{.loops = 2}};
    cache_options o;
    o.redis_deadline = 5s;
    o.relayed = true;
    cache c{loops, "redis://127.0.0.1:" + std::to_string(way.port()), o};
    log_in_memory log;
    std::atomic<const char*> value = "old";
    const auto read = [&]() -> asio::awaitable<std::string> {
        const auto got = co_await c.get_or_load(tagged(1), [&] { return std::string{value.load()}; });
        co_return *got;
    };
    const auto on_the_first = [&]() -> asio::awaitable<void> {
        for (auto s = cache_inspector{c}.stats(); !s.tracked || s.freshness_age_ms > 1000;
             s = cache_inspector{c}.stats()) {
            co_await cache_outbox{c}.relay(log);
            co_await sleep_for(20ms);
        }
        const auto old = co_await read();
        EXPECT_EQ(old, "old");
        co_await c.drain();
        way.retarget(second.port());  // for new connections
    };
    const auto invalidate = [&]() -> asio::awaitable<void> {
        value = "new";
        const auto done = co_await c.invalidate(tagged(1));
        EXPECT_EQ(done, invalidation::confirmed);
    };
    const std::jthread running{[&] { EXPECT_TRUE(loops.run()); }};
    asio::co_spawn(loops.loop(1), on_the_first(), asio::use_future).get();
    asio::co_spawn(loops.loop(0), invalidate(), asio::use_future).get();
    EXPECT_EQ(asio::co_spawn(loops.loop(1), read(), asio::use_future).get(), "new");
    loops.stop();
}

}  // namespace
}  // namespace larder
