// SPDX-License-Identifier: MIT
// Both drivers under load, at their limits, and while they are being closed.
#include <agora/storage/storage_fixture.hpp>
#include <future>
#include <larder/result.hpp>

namespace agora::storage {
namespace {

using namespace std::chrono_literals;

class storage_limits_of : public storage_test {
 protected:
    void SetUp() override
    {
        run([&]() -> asio::awaitable<void> {
            co_await db().run_script("CREATE TABLE counts (id BIGINT PRIMARY KEY, n BIGINT NOT NULL)");
        });
    }

    static asio::awaitable<std::int64_t> insert(database& into, std::int64_t id)
    {
        co_return co_await into.write([&](session& s) -> asio::awaitable<std::int64_t> {
            co_return co_await s.exec("INSERT INTO counts (id, n) VALUES ($1, 0)", id);
        });
    }

    asio::awaitable<std::int64_t> count(database& in)
    {
        co_return *co_await in.first<std::int64_t>("SELECT count(*) FROM counts");
    }
};

/// A query that counts to $1 in the database, and so takes as long as the test wants.
constexpr auto slow =
    "WITH RECURSIVE r(i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM r WHERE i < $1)"
    " SELECT count(*) FROM r";
constexpr std::int64_t forever = 1'000'000'000'000;

TEST_P(storage_limits_of, a_statement_that_takes_too_long_is_cancelled)
{
    const auto hasty = open({.statement_timeout = 200ms});
    run([&]() -> asio::awaitable<void> {
        int timeouts = 0;
        try {
            co_await hasty->first<std::int64_t>(slow, forever);
        } catch (const sql_error& e) {
            timeouts += e.reason() == errc::timeout;
        }
        try {
            co_await hasty->write([&](session& s) { return s.first<std::int64_t>(slow, forever); });
        } catch (const sql_error& e) {
            timeouts += e.reason() == errc::timeout;
        }
        EXPECT_EQ(timeouts, 2);
        co_await insert(*hasty, 1);
        EXPECT_EQ(co_await count(*hasty), 1);
    });
    hasty->close();
}

TEST_P(storage_limits_of, concurrent_writers_lose_no_update)
{
    run([&]() -> asio::awaitable<void> { co_await insert(db(), 0); });
    run_together(100, [&](int i) -> asio::awaitable<void> {
        co_await insert(db(), i + 1);
        for (int k = 0; k < 5; ++k) {
            co_await db().write([&](session& s) -> asio::awaitable<std::int64_t> {
                co_return co_await s.exec("UPDATE counts SET n = n + 1 WHERE id = 0");
            });
            const auto own = co_await db().first<std::int64_t>("SELECT id FROM counts WHERE id = $1", i + 1);
            EXPECT_EQ(own, i + 1);
        }
    });
    run([&]() -> asio::awaitable<void> {
        EXPECT_EQ(co_await db().first<std::int64_t>("SELECT n FROM counts WHERE id = 0"), 500);
        EXPECT_EQ(co_await count(db()), 101);
    });
}

TEST_P(storage_limits_of, concurrent_reads_get_their_own_results)
{
    run_together(200, [&](int i) -> asio::awaitable<void> {
        for (int k = 0; k < 20; ++k) {
            const auto sum = co_await db().first<std::int64_t>("SELECT $1 + $2 AS sum", i, k);
            EXPECT_EQ(sum, i + k);
        }
    });
}

TEST_P(storage_limits_of, calls_beyond_the_queue_limit_fail_with_busy)
{
    const auto narrow = open({.queue_limit = 4});
    std::atomic<int> answered = 0;
    std::atomic<int> busy = 0;
    run_together(40, [&](int) -> asio::awaitable<void> {
        try {
            co_await narrow->first<std::int64_t>(slow, 50'000);
            ++answered;
        } catch (const sql_error& e) {
            EXPECT_EQ(e.reason(), errc::busy);
            ++busy;
        }
    });
    EXPECT_GE(answered, 4);
    EXPECT_GE(busy, 20);
    EXPECT_EQ(answered + busy, 40);
    narrow->close();
}

TEST_P(storage_limits_of, more_statements_than_fit_into_the_cache_work)
{
    const auto forgetful = open({.cached_statements = 3});
    run([&]() -> asio::awaitable<void> {
        for (int i = 0; i < 30; ++i) {
            const auto sql = "SELECT $1 + " + std::to_string(i % 10) + " AS sum";
            EXPECT_EQ(co_await forgetful->first<std::int64_t>(sql, 100), 100 + i % 10);
        }
        if (!on_postgres()) co_return;
        const auto kept = co_await forgetful->first<std::int64_t>("SELECT count(*) FROM pg_prepared_statements");
        EXPECT_EQ(kept, 3);
    });
    forgetful->close();
}

TEST_P(storage_limits_of, closing_while_busy_keeps_the_acknowledged_writes_only)
{
    auto busy = open();
    std::atomic<std::int64_t> acknowledged = 0;
    std::atomic<int> refused = 0;
    std::promise<void> first_write;
    std::thread closer{[&] {
        first_write.get_future().wait();
        busy->close();
    }};
    run_together(100, [&](int i) -> asio::awaitable<void> {
        try {
            for (int k = 0; k < 100; ++k) {
                co_await insert(*busy, i * 100 + k);
                if (++acknowledged == 1) first_write.set_value();
            }
        } catch (const boost::system::system_error& e) {
            EXPECT_EQ(e.code(), larder::errc::closed);
            ++refused;
        }
    });
    closer.join();
    busy.reset();
    EXPECT_GT(refused, 0) << "close() came too late: all 10,000 writes finished before it";
    run([&]() -> asio::awaitable<void> { EXPECT_EQ(co_await count(db()), acknowledged); });
}

TEST_P(storage_limits_of, calls_to_a_closed_database_fail_with_closed)
{
    db().close();
    db().close();
    run([&]() -> asio::awaitable<void> {
        int closed = 0;
        try {
            co_await db().ping();
        } catch (const boost::system::system_error& e) {
            closed += e.code() == larder::errc::closed;
        }
        try {
            co_await insert(db(), 1);
        } catch (const boost::system::system_error& e) {
            closed += e.code() == larder::errc::closed;
        }
        try {
            co_await db().run_script("SELECT 1");
        } catch (const boost::system::system_error& e) {
            closed += e.code() == larder::errc::closed;
        }
        EXPECT_EQ(closed, 3);
    });
}

INSTANTIATE_TEST_SUITE_P(on, storage_limits_of, both_databases, name_of_database);

}  // namespace
}  // namespace agora::storage
