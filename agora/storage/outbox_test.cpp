// SPDX-License-Identifier: MIT
// The outbox: a committed change invalidates the cache, a rolled-back one does not, and the relay applies rows that a
// process or an unreachable Redis left behind. R4 and R5 are rows of the table in docs/concepts/the-promise.md.
#include <agora/storage/migrate.hpp>
#include <agora/storage/outbox.hpp>
#include <agora/storage/storage_fixture.hpp>
#include <larder/json.hpp>
#include <larder/testing/redis_server.hpp>

namespace agora::storage {
namespace {

using namespace std::chrono_literals;

constexpr larder::region<std::string(int)> things{"thing:{}", {.ttl = 1h, .tags = {"things"}}};

using nothing = boost::system::result<int>;

class outbox_test : public storage_test {
 protected:
    outbox_test()
    {
        run([&]() -> asio::awaitable<void> { co_await migrate(db()); });
    }

    asio::awaitable<std::string> read(larder::cache& c, int i)
    {
        const auto got = co_await c.get_or_load(things(i), [this] {
            ++loads_;
            return value_;
        });
        co_return *got;
    }
    asio::awaitable<std::int64_t> rows(std::string_view kind = "invalidate")
    {
        const auto n = co_await db().first<std::int64_t>("SELECT COUNT(*) FROM outbox WHERE kind = $1", kind);
        co_return n.value();
    }
    /// Leaves the same row behind as a process that died right after its commit.
    asio::awaitable<void> leave_row(std::int64_t id, std::string payload)
    {
        co_await db().write([&](session& s) {
            return s.exec("INSERT INTO outbox (id, kind, payload, created_at) VALUES ($1, 'invalidate', $2, 0)", id,
                          std::string_view{payload});
        });
    }
    asio::awaitable<int> change(bool fails = false)
    {
        const nothing done = co_await box_.write([&](session& s, invalidations& c) -> asio::awaitable<nothing> {
            c.add(things(1));
            const auto before = co_await s.first<std::int64_t>("SELECT COUNT(*) FROM outbox");
            EXPECT_TRUE(before.has_value());
            if (fails) co_return boost::system::errc::make_error_code(boost::system::errc::invalid_argument);
            co_return 7;
        });
        co_return done.has_value() ? *done : -1;
    }

    std::string value_ = "old";
    int loads_ = 0;
    larder::cache cache_{loops()};
    outbox box_{db(), cache_};
};

TEST_P(outbox_test, invalidations_of_a_process_without_a_cache_are_applied_by_the_relays)
{
    run([&]() -> asio::awaitable<void> {
        for (const bool everything : {false, true}) {
            value_ = "old";
            co_await read(cache_, 1);
            value_ = "new";
            co_await db().write([&](session& s) -> asio::awaitable<int> {
                invalidations c;
                if (everything) {
                    c.add_everything();
                } else {
                    c.add(things(1));
                }
                co_await leave_to_relays(s, c);
                co_await leave_to_relays(s, invalidations{});
                co_return 0;
            });
            const auto left = co_await rows();
            EXPECT_EQ(left, 1);
            co_await box_.relay();
            const auto now = co_await read(cache_, 1);
            EXPECT_EQ(now, "new") << everything;
            co_await cache_.clear();
        }
    });
}

TEST_P(outbox_test, a_change_is_invalidated_when_the_write_returns_and_its_row_deleted_by_the_next_pass)
{
    run([&]() -> asio::awaitable<void> {
        co_await read(cache_, 1);
        value_ = "new";
        const auto got = co_await change();
        EXPECT_EQ(got, 7);
        const auto now = co_await read(cache_, 1);
        EXPECT_EQ(now, "new");
        const auto left = co_await rows();
        EXPECT_EQ(left, 1) << "the row is written in the transaction and deleted by the next relay pass";
        const auto report = co_await box_.relay();
        EXPECT_EQ(report.applied, 0U);
        const auto after = co_await rows();
        EXPECT_EQ(after, 0);
    });
}

TEST_P(outbox_test, a_change_that_is_rolled_back_invalidates_nothing)
{
    run([&]() -> asio::awaitable<void> {
        co_await read(cache_, 1);
        value_ = "new";
        const auto got = co_await change(true);
        EXPECT_EQ(got, -1);
        const auto now = co_await read(cache_, 1);
        EXPECT_EQ(now, "old");
        const auto left = co_await rows();
        EXPECT_EQ(left, 0);
    });
}

// R4: the process dies between commit and invalidation.
TEST_P(outbox_test, rows_of_a_dead_process_are_applied_by_the_relay)
{
    run([&]() -> asio::awaitable<void> {
        for (const auto* payload : {R"({"keys":["thing:1"],"tags":[]})", R"({"keys":[],"tags":["things"]})"}) {
            value_ = "old";
            co_await cache_.clear();
            co_await read(cache_, 1);
            value_ = "new";
            co_await leave_row(100, payload);
            const auto report = co_await box_.relay();
            EXPECT_EQ(report.applied, 1U);
            const auto now = co_await read(cache_, 1);
            EXPECT_EQ(now, "new") << payload;
            const auto left = co_await rows();
            EXPECT_EQ(left, 0);
        }
    });
}

// R5: a transaction with a smaller row number may commit later than one with a larger number.
TEST_P(outbox_test, a_row_with_a_smaller_number_that_is_committed_later_is_not_skipped)
{
    run([&]() -> asio::awaitable<void> {
        for (const int id : {68, 67}) {
            value_ = "old";
            co_await cache_.clear();
            co_await read(cache_, 1);
            value_ = "new";
            co_await leave_row(id, R"({"keys":["thing:1"],"tags":[]})");
            const auto report = co_await box_.relay();
            EXPECT_EQ(report.applied, 1U);
            const auto now = co_await read(cache_, 1);
            EXPECT_EQ(now, "new") << id;
        }
    });
}

TEST_P(outbox_test, an_unreadable_row_is_parked_and_the_whole_cache_invalidated)
{
    run([&]() -> asio::awaitable<void> {
        co_await read(cache_, 1);
        value_ = "new";
        co_await leave_row(1, "{\"keys\":7}");
        const auto report = co_await box_.relay();
        EXPECT_EQ(report.parked, 1U);
        const auto now = co_await read(cache_, 1);
        EXPECT_EQ(now, "new");
        const auto parked = co_await rows("parked");
        EXPECT_EQ(parked, 1);
        const auto again = co_await box_.relay();
        EXPECT_EQ(again.parked, 0U);
    });
}

TEST_P(outbox_test, rows_stay_until_redis_has_confirmed_them)
{
    larder::testing::redis_server redis;
    run([&]() -> asio::awaitable<void> {
        larder::cache shared{loops().loop(0), redis.url()};  // loop 0 is the only loop that runs in this test
        outbox box{db(), shared};
        co_await read(shared, 1);
        co_await shared.drain();
        redis.crash();
        value_ = "new";
        const nothing done = co_await box.write([&](session&, invalidations& c) -> asio::awaitable<nothing> {
            c.add(things(1));
            co_return 1;
        });
        EXPECT_TRUE(done);
        const auto here = co_await read(shared, 1);
        EXPECT_EQ(here, "new") << "this process has invalidated its own copy";
        const auto report = co_await box.relay();
        EXPECT_EQ(report.left, 1U);
        const auto account_status = co_await rows();
        EXPECT_EQ(account_status, 1);
        redis.start();
        auto left = account_status;
        const auto end = std::chrono::steady_clock::now() + 20s;
        while (left > 0 && std::chrono::steady_clock::now() < end) {
            co_await box.relay();
            left = co_await rows();
        }
        EXPECT_EQ(left, 0);
        co_await shared.close();
    });
}

// In-memory cache on one SQLite file: the write of another process, which knows nothing of the outbox, is noticed at
// the next relay pass.
TEST_P(outbox_test, writes_of_another_process_are_noticed_at_the_next_pass_in_memory_mode)
{
    if (on_postgres()) return;  // on PostgreSQL, entries of an in-memory cache live for the staleness bound instead
    larder::cache alone{loops(), larder::cache_options{.relayed = true}};
    outbox box{db(), alone};
    const auto other = open();
    run([&]() -> asio::awaitable<void> {
        co_await box.relay();
        co_await read(alone, 1);
        co_await box.relay();
        value_ = "new";
        const auto before = co_await read(alone, 1);
        EXPECT_EQ(before, "old") << "the relay's own passes invalidate nothing";
        co_await other->write([](session& s) { return s.exec("DELETE FROM outbox WHERE id = 0"); });
        co_await box.relay();
        const auto unchanged = co_await read(alone, 1);
        EXPECT_EQ(unchanged, "old") << "nothing was written";
        co_await other->write([](session& s) {
            return s.exec("INSERT INTO outbox (kind, payload, created_at) VALUES ('parked', 'x', 0)");
        });
        co_await box.relay();
        const auto now = co_await read(alone, 1);
        EXPECT_EQ(now, "new");
    });
    other->close();
}

INSTANTIATE_TEST_SUITE_P(on, outbox_test, both_databases, name_of_database);

}  // namespace
}  // namespace agora::storage
