// SPDX-License-Identifier: MIT
// Failures that only a server behind a socket can cause: crashes, freezes, rejections and conflicts.
#include <gtest/gtest.h>
#include <agora/storage/completion.hpp>
#include <agora/storage/postgres/postgres.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <larder/result.hpp>
#include <larder/testing/postgres_server.hpp>

namespace agora::storage {
namespace {

using namespace std::chrono_literals;
using larder::testing::postgres_server;

class postgres_driver : public testing::Test {
 protected:
    postgres_options options()
    {
        postgres_options o;
        o.url = postgres_server::shared().create_database();
        return o;
    }

    template <class F>
    void run(F body)
    {
        loops_.run_until_done(body());
    }

    /// The code of the infrastructure error that `work` throws; no error when it succeeds.
    template <class T>
    static asio::awaitable<boost::system::error_code> code_of(asio::awaitable<T> work)
    {
        try {
            co_await std::move(work);
        } catch (const boost::system::system_error& e) {
            co_return e.code();
        }
        co_return boost::system::error_code{};
    }

    static asio::awaitable<std::int64_t> backends(database& db)
    {
        co_return *co_await db.first<std::int64_t>(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'agora'");
    }

    larder::runtime loops_{{.loops = 1}};
};

TEST_F(postgres_driver, a_server_that_crashes_fails_the_calls_in_flight_and_is_reconnected)
{
    const auto db = make_postgres(options(), loops_);
    run([&]() -> asio::awaitable<void> {
        co_await db->run_script("CREATE TABLE t (n BIGINT); INSERT INTO t VALUES (1)");
        boost::system::error_code in_flight;
        const auto executor = co_await asio::this_coro::executor;
        completion ended;
        const auto start = [&] {
            asio::co_spawn(executor, code_of(db->all<std::int64_t>("SELECT 1 FROM pg_sleep(60)")),
                           [&](std::exception_ptr, boost::system::error_code ec) {
                               in_flight = ec;
                               ended.finish(nullptr);
                           });
            asio::post(executor, [] { postgres_server::shared().crash(); });
        };
        co_await db->ping();
        co_await ended.wait(start);
        EXPECT_EQ(in_flight, errc::unavailable);
        EXPECT_EQ(co_await code_of(db->ping()), errc::unavailable);

        postgres_server::shared().start();
        const auto deadline = std::chrono::steady_clock::now() + 20s;
        boost::system::error_code away = errc::unavailable;
        while (away && std::chrono::steady_clock::now() < deadline) away = co_await code_of(db->ping());
        EXPECT_EQ(co_await db->first<std::int64_t>("SELECT n FROM t"), 1);
    });
}

TEST_F(postgres_driver, a_connection_that_was_lost_between_calls_is_noticed_before_the_next)
{
    const auto db = make_postgres(options(), loops_);
    run([&]() -> asio::awaitable<void> {
        const auto pid = co_await db->first<std::int64_t>("SELECT pg_backend_pid()");
        co_await db->write([&](session& s) -> asio::awaitable<bool> {
            co_await s.all<std::string>("SELECT CAST(pg_terminate_backend(CAST($1 AS INT), 5000) AS TEXT)", *pid);
            co_return true;
        });
        const auto next = co_await db->first<std::int64_t>("SELECT pg_backend_pid()");
        EXPECT_NE(next, pid);
    });
}

TEST_F(postgres_driver, a_frozen_server_fails_the_statement_in_bounded_time)
{
    auto o = options();
    o.statement_timeout = 200ms;
    const auto db = make_postgres(o, loops_);
    run([&]() -> asio::awaitable<void> {
        const auto pid = static_cast<pid_t>(*co_await db->first<std::int64_t>("SELECT pg_backend_pid()"));
        kill(pid, SIGSTOP);
        const auto begin = std::chrono::steady_clock::now();
        EXPECT_EQ(co_await code_of(db->ping()), errc::unavailable);
        EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
        EXPECT_FALSE(co_await code_of(db->ping())) << "on a new connection";
        kill(pid, SIGCONT);
    });
}

TEST_F(postgres_driver, a_failing_statement_does_not_affect_others_in_the_pipeline)
{
    const auto db = make_postgres(options(), loops_);
    int answered = 0;
    int failed = 0;
    constexpr int statements = 60;
    run([&]() -> asio::awaitable<void> {
        co_await db->ping();
        const auto executor = co_await asio::this_coro::executor;
        completion all;
        const auto start = [&] {
            for (int i = 0; i < statements; ++i) {
                asio::co_spawn(executor, db->first<std::int64_t>("SELECT 60 / $1 AS q", i % 3),
                               [&, i](std::exception_ptr e, std::optional<std::int64_t> q) {
                                   if (e) ++failed;
                                   if (!e && q == 60 / (i % 3)) ++answered;
                                   if (answered + failed == statements) all.finish(nullptr);
                               });
            }
        };
        co_await all.wait(start);
        EXPECT_EQ(co_await backends(*db), 1) << "all statements share one connection";
    });
    EXPECT_EQ(failed, 20);
    EXPECT_EQ(answered, 40);
}

TEST_F(postgres_driver, transactions_beyond_the_connections_wait)
{
    auto o = options();
    o.transaction_connections = 2;
    const auto db = make_postgres(o, loops_);
    std::int64_t most = 0;
    int done = 0;
    run([&]() -> asio::awaitable<void> {
        co_await db->run_script("CREATE TABLE t (n BIGINT)");
        const auto executor = co_await asio::this_coro::executor;
        completion all;
        const auto insert = [&](session& s) -> asio::awaitable<std::int64_t> {
            co_await s.exec("INSERT INTO t VALUES (1)");
            co_return *co_await s.first<std::int64_t>(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()");
        };
        const auto start = [&] {
            for (int i = 0; i < 30; ++i) {
                asio::co_spawn(executor, db->write(insert), [&](std::exception_ptr e, std::int64_t n) {
                    EXPECT_FALSE(e);
                    most = std::max(most, n);
                    if (++done == 30) all.finish(nullptr);
                });
            }
        };
        co_await all.wait(start);
        EXPECT_EQ(co_await db->first<std::int64_t>("SELECT count(*) FROM t"), 30);
    });
    EXPECT_LE(most, 2 + 1) << "the two of the pool, and the script's connection while it is closing";
}

TEST_F(postgres_driver, a_transaction_with_serialization_conflicts_is_tried_three_times)
{
    const auto db = make_postgres(options(), loops_);
    int attempts = 0;
    int conflicts = 2;
    const auto body = [&](session& s) -> asio::awaitable<int> {
        if (++attempts <= conflicts) {
            co_await s.exec("DO 'BEGIN RAISE EXCEPTION ''again'' USING ERRCODE = ''serialization_failure''; END'");
        }
        co_return attempts;
    };
    run([&]() -> asio::awaitable<void> {
        EXPECT_EQ(co_await db->write(body), 3);
        attempts = 0;
        conflicts = 100;
        auto reason = errc::invalid;
        try {
            co_await db->write(body);
        } catch (const sql_error& e) {
            reason = e.reason();
        }
        EXPECT_EQ(reason, errc::conflict);
        EXPECT_EQ(attempts, 3);
    });
}

TEST_F(postgres_driver, a_server_that_never_answers_ends_in_the_connect_timeout)
{
    using asio::ip::tcp;
    const tcp::acceptor silent{loops_.loop(0), tcp::endpoint{asio::ip::address_v4::loopback(), 0}};
    postgres_options o;
    o.url = "postgresql://agora:not_shown@127.0.0.1:" + std::to_string(silent.local_endpoint().port()) + "/agora";
    o.connect_timeout = 100ms;
    const auto db = make_postgres(o, loops_);
    run([&]() -> asio::awaitable<void> { EXPECT_EQ(co_await code_of(db->ping()), errc::unavailable); });
}

TEST_F(postgres_driver, no_error_text_contains_the_password)
{
    const auto port = std::to_string(larder::testing::free_port());
    postgres_options o;
    o.url = "postgresql://agora:not_shown@127.0.0.1:" + port + "/agora";
    const auto db = make_postgres(o, loops_);
    EXPECT_EQ(db->describe(), "postgresql://agora@127.0.0.1:" + port + "/agora");
    run([&]() -> asio::awaitable<void> {
        try {
            co_await db->ping();
            ADD_FAILURE() << "connected although nothing listens there";
        } catch (const boost::system::system_error& e) {
            EXPECT_EQ(e.code(), errc::unavailable);
            EXPECT_EQ(std::string{e.what()}.find("not_shown"), std::string::npos) << e.what();
        }
    });
    for (const auto* broken :
         {"postgresql://agora:not_shown@[::1/x", "not_shown", "postgresql://a:not_shown@h/d?what=1"}) {
        o.url = broken;
        try {
            make_postgres(o, loops_);
            ADD_FAILURE() << broken;
        } catch (const std::invalid_argument& e) {
            EXPECT_EQ(std::string{e.what()}.find("not_shown"), std::string::npos) << e.what();
        }
    }
}

TEST_F(postgres_driver, a_call_from_outside_of_the_loops_is_a_programming_error)
{
    const auto db = make_postgres(options(), loops_);
    asio::io_context elsewhere;
    std::exception_ptr error;
    asio::co_spawn(elsewhere, db->ping(), [&](std::exception_ptr e) { error = e; });
    elsewhere.run();
    EXPECT_THROW(std::rethrow_exception(error), std::logic_error);
}

}  // namespace
}  // namespace agora::storage
