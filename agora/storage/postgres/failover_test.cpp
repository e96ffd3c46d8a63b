// SPDX-License-Identifier: MIT
// Servers that change while the driver uses them: failover to a standby and back, read-only servers, altered tables,
// lock waits, restarts under load.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>
#include <agora/storage/completion.hpp>
#include <agora/storage/postgres/postgres.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <larder/testing/postgres_server.hpp>
#include <larder/timeout.hpp>

namespace agora::storage {
namespace {

using namespace std::chrono_literals;
using larder::testing::postgres_server;

class postgres_failover : public testing::Test {
 protected:
    std::unique_ptr<database> open(const std::string& url)
    {
        postgres_options o;
        o.url = url;
        o.statement_timeout = 2s;
        o.connect_timeout = 500ms;
        return make_postgres(o, loops_);
    }

    template <class F>
    void run(F body)
    {
        loops_.run_until_done(body());
    }

    static asio::awaitable<std::int64_t> insert(database& into, std::int64_t n)
    {
        const auto add = [n](session& s) { return s.exec("INSERT INTO t (n) VALUES ($1)", n); };
        co_return co_await into.write(add);
    }

    static asio::awaitable<std::int64_t> read(database& from)
    {
        co_return *co_await from.first<std::int64_t>("SELECT count(*) FROM t");
    }

    static asio::awaitable<std::optional<errc>> reason_of(asio::awaitable<std::int64_t> work)
    {
        try {
            co_await std::move(work);
        } catch (const sql_error& e) {
            co_return e.reason();
        }
        co_return std::nullopt;
    }

    /// How long it takes until a write succeeds.
    static asio::awaitable<std::chrono::milliseconds> healing_time(database& db, std::int64_t n)
    {
        const auto begin = std::chrono::steady_clock::now();
        std::optional<errc> failure = errc::unavailable;
        while (failure && std::chrono::steady_clock::now() - begin < 20s) {
            failure = co_await reason_of(insert(db, n));
            if (failure) co_await larder::sleep_for(20ms);
        }
        co_return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
    }

    /// Whether the standby has received the committed rows.
    static bool has_rows(const postgres_server& standby, int n)
    {
        try {
            standby.execute("DO 'BEGIN ASSERT (SELECT count(*) FROM t) = " + std::to_string(n) + "; END'");
        } catch (const std::runtime_error&) {
            return false;
        }
        return true;
    }

    static std::string url_of(const std::string& hosts)
    {
        return "postgresql://agora:not_shown@" + hosts + "/postgres";
    }
    static std::string host(const postgres_server& s) { return "127.0.0.1:" + std::to_string(s.port()); }

    larder::runtime loops_{{.loops = 1}};
};

TEST_F(postgres_failover, a_server_that_becomes_read_only_rejects_writes_serves_reads_and_recovers)
{
    postgres_server server;
    const auto db = open(url_of(host(server)));
    run([&]() -> asio::awaitable<void> {
        co_await db->run_script("CREATE TABLE t (n BIGINT)");
        co_await insert(*db, 1);
        server.execute("ALTER SYSTEM SET default_transaction_read_only = on");
        server.execute("SELECT pg_reload_conf()");
        std::optional<errc> reason;
        for (int i = 0; i < 200 && !reason; ++i) reason = co_await reason_of(insert(*db, 2));
        EXPECT_EQ(reason, errc::read_only);
        for (int i = 0; i < 5; ++i)
            EXPECT_EQ(co_await reason_of(insert(*db, 3)), errc::read_only) << "every retry is rejected as well";
        EXPECT_EQ(db->write_error(), errc::read_only);
        EXPECT_GE(co_await read(*db), 1);
        server.execute("ALTER SYSTEM RESET default_transaction_read_only");
        server.execute("SELECT pg_reload_conf()");
        EXPECT_LT(co_await healing_time(*db, 4), 5s);
        EXPECT_FALSE(db->write_error());
    });
    db->close();
}

TEST_F(postgres_failover, after_a_failover_writes_and_reads_go_to_the_promoted_standby)
{
    std::optional<postgres_server> primary{std::in_place};
    primary->execute("CREATE TABLE t (n BIGINT)");
    postgres_server standby{*primary};
    // The standby is listed first, but must be used neither for reads nor for writes until it is promoted.
    const auto db = open(url_of(host(standby) + "," + host(*primary)));
    run([&]() -> asio::awaitable<void> {
        for (std::int64_t n = 0; n < 10; ++n) {
            co_await insert(*db, n);
            EXPECT_EQ(co_await read(*db), n + 1) << "reads see the preceding write";
        }
        for (int i = 0; i < 500 && !has_rows(standby, 10); ++i) co_await larder::sleep_for(20ms);
        primary->crash();
        const auto lost = co_await reason_of(insert(*db, 10));
        EXPECT_TRUE(lost == errc::read_only || lost == errc::unavailable) << to_string(*lost);
        standby.promote();
        EXPECT_LT(co_await healing_time(*db, 10), 5s);
        EXPECT_EQ(co_await read(*db), 11);
    });
    db->close();
}

TEST_F(postgres_failover, a_standby_alone_is_read_only_and_serves_no_reads)
{
    postgres_server primary;
    primary.execute("CREATE TABLE t (n BIGINT)");
    postgres_server standby{primary};
    const auto db = open(url_of(host(standby)));
    run([&]() -> asio::awaitable<void> {
        EXPECT_EQ(co_await reason_of(insert(*db, 1)), errc::read_only);
        EXPECT_EQ(co_await reason_of(read(*db)), errc::read_only) << "a standby may lag behind";
        standby.promote();
        EXPECT_LT(co_await healing_time(*db, 1), 5s);
    });
    db->close();
}

TEST_F(postgres_failover, a_silent_host_delays_a_connection_by_its_own_timeout_only)
{
    using asio::ip::tcp;
    const tcp::acceptor silent{loops_.loop(0), tcp::endpoint{asio::ip::address_v4::loopback(), 0}};
    postgres_server::shared().execute("CREATE TABLE IF NOT EXISTS t (n BIGINT)");
    const auto db = open(url_of("127.0.0.1:" + std::to_string(silent.local_endpoint().port()) +
                                ",localhost:" + std::to_string(postgres_server::shared().port())));
    run([&]() -> asio::awaitable<void> {
        auto begin = std::chrono::steady_clock::now();
        co_await db->ping();
        EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
        begin = std::chrono::steady_clock::now();
        co_await insert(*db, 1);
        EXPECT_LT(std::chrono::steady_clock::now() - begin, 400ms) << "the host that answered last is tried first";
    });
    db->close();
}

TEST_F(postgres_failover, statements_keep_working_when_their_tables_change)
{
    const auto db = open(postgres_server::shared().create_database());
    run([&]() -> asio::awaitable<void> {
        co_await db->run_script("CREATE TABLE t (n BIGINT); INSERT INTO t VALUES (7)");
        const auto in_transaction = [](session& s) { return s.all<std::string>("SELECT * FROM t"); };
        const auto number_in_transaction = [](session& s) { return s.all<std::int64_t>("SELECT * FROM t"); };
        EXPECT_EQ(co_await db->first<std::int64_t>("SELECT * FROM t"), 7);
        EXPECT_EQ((co_await db->write(number_in_transaction)).front(), 7);
        co_await db->run_script("ALTER TABLE t ALTER COLUMN n TYPE TEXT");
        EXPECT_EQ(co_await db->first<std::string>("SELECT * FROM t"), "7");
        EXPECT_EQ((co_await db->write(in_transaction)).front(), "7");
        co_await db->run_script("ALTER TABLE t ADD COLUMN more BIGINT; ALTER TABLE t DROP COLUMN more");
        EXPECT_EQ(co_await db->first<std::string>("SELECT * FROM t"), "7");
    });
    db->close();
}

/// Like statements_keep_working_when_their_tables_change, but several connections of the loop have cached the old plan.
TEST_F(postgres_failover, no_call_fails_when_a_table_changes_under_load)
{
    const auto db = open(postgres_server::shared().create_database());
    run([&]() -> asio::awaitable<void> {
        co_await db->run_script("CREATE TABLE t (n BIGINT); INSERT INTO t VALUES (7)");
        const auto executor = co_await asio::this_coro::executor;
        int done = 0;
        int failed = 0;
        const auto both = [&]() -> asio::awaitable<std::int64_t> {
            for (int k = 0; k < 20; ++k) {
                const auto touch = [](session& s) -> asio::awaitable<std::int64_t> {
                    const auto rows = co_await s.all<std::string>("SELECT CAST(t AS TEXT) FROM (SELECT * FROM t) AS t");
                    co_return static_cast<std::int64_t>(rows.size());
                };
                EXPECT_EQ(co_await db->write(touch), 1);
                co_await db->first<std::string>("SELECT CAST(t AS TEXT) FROM (SELECT * FROM t) AS t");
            }
            co_return 0;
        };
        completion all;
        const auto start = [&] {
            for (int i = 0; i < 20; ++i) {
                asio::co_spawn(executor, reason_of(both()), [&](std::exception_ptr e, std::optional<errc> reason) {
                    failed += e || reason;
                    if (++done == 20) all.finish(nullptr);
                });
            }
            asio::co_spawn(executor, db->run_script("ALTER TABLE t ADD COLUMN m BIGINT DEFAULT 1"),
                           [](std::exception_ptr e) { EXPECT_FALSE(e); });
        };
        co_await all.wait(start);
        EXPECT_EQ(failed, 0);
    });
    db->close();
}

TEST_F(postgres_failover, waiting_for_the_lock_of_another_transaction_ends_with_busy)
{
    const auto db = open(postgres_server::shared().create_database());
    run([&]() -> asio::awaitable<void> {
        co_await db->run_script("CREATE TABLE t (n BIGINT)");
        const auto other = open(postgres_server::shared().create_database());  // a second, idle database
        std::optional<errc> reason;
        const auto hold = [&](session& s) -> asio::awaitable<std::int64_t> {
            co_await s.exec("LOCK TABLE t IN ACCESS EXCLUSIVE MODE");
            const auto begin = std::chrono::steady_clock::now();
            reason = co_await reason_of(insert(*db, 1));
            EXPECT_LT(std::chrono::steady_clock::now() - begin, 1800ms)
                << "the lock wait must end before the statement timeout";
            co_return 0;
        };
        co_await db->write(hold);
        EXPECT_EQ(reason, errc::busy);
        other->close();
    });
    db->close();
}

TEST_F(postgres_failover, a_restart_under_load_recovers_within_five_seconds)
{
    postgres_server server;
    server.execute("CREATE TABLE t (n BIGINT)");
    const auto db = open(url_of(host(server)));
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        bool stop = false;
        int ended = 0;
        std::set<errc> reasons;
        const auto client = [&]() -> asio::awaitable<std::int64_t> {
            while (!stop) {
                const auto writing = co_await reason_of(insert(*db, 1));
                const auto reading = co_await reason_of(read(*db));
                if (writing) reasons.insert(*writing);
                if (reading) reasons.insert(*reading);
                co_await larder::sleep_for(5ms);
            }
            co_return 0;
        };
        completion all;
        const auto start = [&] {
            for (int i = 0; i < 16; ++i) {
                asio::co_spawn(executor, client(), [&](std::exception_ptr e, std::int64_t) {
                    EXPECT_FALSE(e);
                    if (++ended == 16) all.finish(nullptr);
                });
            }
            asio::co_spawn(
                executor,
                [&]() -> asio::awaitable<void> {
                    for (int i = 0; i < 2; ++i) {
                        co_await larder::sleep_for(300ms);
                        server.crash();
                        co_await larder::sleep_for(500ms);
                        server.start();
                        EXPECT_LT(co_await healing_time(*db, 2), 5s);
                        EXPECT_FALSE(co_await reason_of(read(*db)));
                    }
                    stop = true;
                },
                [](std::exception_ptr e) { EXPECT_FALSE(e); });
        };
        co_await all.wait(start);
        EXPECT_EQ(reasons, std::set<errc>{errc::unavailable}) << "an unreachable server must only cause `unavailable`";
    });
    db->close();
}

}  // namespace
}  // namespace agora::storage
