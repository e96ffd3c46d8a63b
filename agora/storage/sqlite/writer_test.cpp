// SPDX-License-Identifier: MIT
// The SQLite writer: group commits, failing units, lock timeouts, full, replaced and damaged files, and a killed
// process.
#include <gtest/gtest.h>

#include <agora/storage/sqlite/sqlite.hpp>
#include <agora/storage/sqlite/writer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <fstream>
#include <future>
#include <larder/testing/process.hpp>
#include <set>
#include <sstream>

namespace agora::storage::sqlite {
namespace {

using namespace std::chrono_literals;

class sqlite_writer : public testing::Test {
 protected:
    sqlite_options options(std::chrono::milliseconds statement_timeout = 5000ms) const
    {
        sqlite_options o;
        o.path = folder_.path() / "test.db";
        o.statement_timeout = statement_timeout;
        o.busy_timeout = 50ms;
        return o;
    }

    /// The rows of table t, in order.
    std::vector<std::int64_t> rows() const
    {
        std::vector<std::int64_t> found;
        vector_sink<std::int64_t> sink{found};
        connection{options(), connection::access::read_only}.run("SELECT n FROM t ORDER BY n", params{}, &sink);
        return found;
    }

    larder::testing::temporary_folder folder_;
    condition state_;
    asio::io_context context_;
};

/// A unit of work that counts how often it ran and records how it ended.
class unit final : public unit_of_work {
 public:
    using action = std::function<asio::awaitable<bool>(session&)>;
    explicit unit(action a) : action_{std::move(a)} {}
    asio::awaitable<bool> run(session& s) override
    {
        ++runs;
        co_return co_await action_(s);
    }
    int runs = 0;
    bool ended = false;
    std::exception_ptr error;

 private:
    action action_;
};

asio::awaitable<bool> insert(session& s, std::int64_t n)
{
    co_await s.exec("INSERT INTO t (n) VALUES ($1)", n);
    co_return true;
}

unit inserting(std::int64_t n)
{
    return unit{[n](session& s) { return insert(s, n); }};
}

void start(asio::io_context& context, writer& w, unit& u)
{
    asio::co_spawn(context, w.execute(u), [&u](std::exception_ptr e) {
        u.ended = true;
        u.error = e;
    });
}

/// Runs the units as one group: a unit before them blocks the writer until all of them are queued.
void run_as_group(asio::io_context& context, writer& w, const std::vector<unit*>& units)
{
    std::promise<void> entered;
    std::promise<void> queued;
    unit gate{[&](session&) -> asio::awaitable<bool> {
        entered.set_value();
        queued.get_future().wait();
        co_return true;
    }};
    start(context, w, gate);
    context.restart();
    context.poll();
    entered.get_future().wait();
    for (unit* u : units) start(context, w, *u);
    context.poll();
    queued.set_value();
    context.run();
}

errc reason_of(const std::exception_ptr& error)
{
    try {
        if (error) std::rethrow_exception(error);
    } catch (const sql_error& e) {
        return e.reason();
    }
    throw std::logic_error{"no error"};
}

TEST_F(sqlite_writer, waiting_writes_share_one_commit)
{
    writer w{options(), state_};
    connection{options(), connection::access::read_write}.run("CREATE TABLE t (n BIGINT PRIMARY KEY)");
    std::vector<unit> units;
    for (int i = 0; i < 64; ++i) units.push_back(inserting(i));
    std::vector<unit*> group;
    for (auto& u : units) group.push_back(&u);
    run_as_group(context_, w, group);
    for (const auto& u : units) EXPECT_TRUE(u.ended && !u.error);
    EXPECT_EQ(rows().size(), 64u);
    EXPECT_EQ(w.commits(), 2u) << "one for the gate, one for the group";
}

TEST_F(sqlite_writer, coroutines_that_continue_together_are_committed_together)
{
    writer w{options(), state_};
    connection{options(), connection::access::read_write}.run("CREATE TABLE t (n BIGINT PRIMARY KEY)");
    const auto twice = [&](std::int64_t n) -> asio::awaitable<void> {
        for (const auto row : {n, n + 10}) {
            unit u = inserting(row);
            co_await w.execute(u);
        }
    };
    for (int n = 0; n < 10; ++n) asio::co_spawn(context_, twice(n), [](std::exception_ptr e) { EXPECT_FALSE(e); });
    context_.run();
    EXPECT_EQ(rows().size(), 20U);
    EXPECT_EQ(w.commits(), 2U) << "ten coroutines that continue at the same time need one commit per round";
}

TEST_F(sqlite_writer, a_failing_unit_does_not_affect_the_others_of_its_group)
{
    writer w{options(), state_};
    connection{options(), connection::access::read_write}.run("CREATE TABLE t (n BIGINT PRIMARY KEY)");
    unit first = inserting(1);
    unit twice = inserting(1);
    unit unwanted{[](session& s) -> asio::awaitable<bool> {
        co_await insert(s, 2);
        co_return false;
    }};
    unit throwing{[](session& s) -> asio::awaitable<bool> {
        co_await insert(s, 3);
        throw std::runtime_error{"no"};
    }};
    unit last = inserting(4);
    run_as_group(context_, w, {&first, &twice, &unwanted, &throwing, &last});
    EXPECT_FALSE(first.error);
    EXPECT_EQ(reason_of(twice.error), errc::unique_violation);
    EXPECT_FALSE(unwanted.error);
    EXPECT_THROW(std::rethrow_exception(throwing.error), std::runtime_error);
    EXPECT_FALSE(last.error);
    EXPECT_EQ(rows(), (std::vector<std::int64_t>{1, 4}));
    EXPECT_EQ(first.runs, 2) << "it runs again in a savepoint";
    EXPECT_EQ(last.runs, 1);
}

TEST_F(sqlite_writer, a_unit_that_fails_alone_or_before_it_writes_runs_once)
{
    writer w{options(), state_};
    connection{options(), connection::access::read_write}.run("CREATE TABLE t (n BIGINT PRIMARY KEY)");
    unit alone{[](session& s) -> asio::awaitable<bool> {
        co_await insert(s, 1);
        throw std::runtime_error{"no"};
    }};
    run_as_group(context_, w, {&alone});
    EXPECT_THROW(std::rethrow_exception(alone.error), std::runtime_error);
    EXPECT_EQ(alone.runs, 1);
    EXPECT_TRUE(rows().empty());

    unit first = inserting(1);
    unit looking{[](session& s) -> asio::awaitable<bool> {
        co_await s.exec("SELECT n FROM t");
        co_return false;
    }};
    unit twice = inserting(1);
    unit last = inserting(2);
    run_as_group(context_, w, {&first, &looking, &twice, &last});
    EXPECT_EQ(reason_of(twice.error), errc::unique_violation);
    EXPECT_EQ(rows(), (std::vector<std::int64_t>{1, 2}));
    for (const auto* u : {&first, &looking, &twice, &last}) EXPECT_EQ(u->runs, 1);
    EXPECT_EQ(w.commits(), 3U) << "one per gate, one for the group";
}

TEST_F(sqlite_writer, units_of_a_transaction_that_another_unit_has_rolled_back_run_again)
{
    writer w{options(100ms), state_};
    connection{options(), connection::access::read_write}.run("CREATE TABLE t (n BIGINT PRIMARY KEY)");
    unit before = inserting(1);
    // SQLite rolls back the whole transaction when it interrupts a statement that writes.
    unit endless{[](session& s) -> asio::awaitable<bool> {
        co_await s.exec(
            "INSERT INTO t WITH RECURSIVE r(i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM r) SELECT i FROM r");
        co_return true;
    }};
    unit after = inserting(2);
    run_as_group(context_, w, {&before, &endless, &after});
    EXPECT_EQ(reason_of(endless.error), errc::timeout);
    EXPECT_FALSE(before.error);
    EXPECT_FALSE(after.error);
    EXPECT_EQ(before.runs, 2);
    EXPECT_EQ(rows(), (std::vector<std::int64_t>{1, 2}));
}

TEST_F(sqlite_writer, a_unit_that_swallows_the_interruption_writes_nothing_outside_the_transaction)
{
    writer w{options(100ms), state_};
    connection{options(), connection::access::read_write}.run("CREATE TABLE t (n BIGINT PRIMARY KEY)");
    unit stubborn{[](session& s) -> asio::awaitable<bool> {
        for (std::int64_t n = 1; n <= 2; ++n) {
            try {
                co_await s.exec(
                    "INSERT INTO t WITH RECURSIVE r(i) AS (SELECT $1 UNION ALL SELECT i + 1 FROM r) SELECT i FROM r",
                    n);
            } catch (const sql_error&) {
            }
        }
        try {
            co_await insert(s, 7);
        } catch (const sql_error&) {
        }
        co_return true;
    }};
    run_as_group(context_, w, {&stubborn});
    EXPECT_EQ(reason_of(stubborn.error), errc::timeout);
    EXPECT_TRUE(rows().empty());
}

TEST_F(sqlite_writer, a_lock_of_another_process_ends_in_busy)
{
    writer w{options(), state_};
    connection other{options(), connection::access::read_write};
    other.run("CREATE TABLE t (n BIGINT PRIMARY KEY)");
    other.run("BEGIN IMMEDIATE");
    unit refused = inserting(1);
    start(context_, w, refused);
    context_.run();
    EXPECT_EQ(reason_of(refused.error), errc::busy);
    other.run("COMMIT");
    unit taken = inserting(2);
    start(context_, w, taken);
    context_.restart();
    context_.run();
    EXPECT_FALSE(taken.error);
}

TEST_F(sqlite_writer, a_full_file_rejects_writes_until_there_is_space_again)
{
    writer w{options(), state_};
    connection{options(), connection::access::read_write}.run("CREATE TABLE t (n BIGINT PRIMARY KEY)");
    const auto do_it = [&](unit& u) {
        start(context_, w, u);
        context_.restart();
        context_.run();
    };
    // The limit is a property of the connection, so it is set on the writer's connection.
    unit limit{[](session& s) -> asio::awaitable<bool> {
        co_await s.exec("PRAGMA max_page_count = 8");
        co_return true;
    }};
    unit lift{[](session& s) -> asio::awaitable<bool> {
        co_await s.exec("PRAGMA max_page_count = 100000");
        co_return true;
    }};
    unit large{[](session& s) -> asio::awaitable<bool> {
        co_await s.exec(
            "INSERT INTO t WITH RECURSIVE r(i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM r WHERE i < 9000)"
            " SELECT i FROM r");
        co_return true;
    }};
    unit nothing{[](session& s) -> asio::awaitable<bool> {
        co_await s.exec("DELETE FROM t WHERE n = -1");
        co_return true;
    }};
    do_it(limit);
    unit before = inserting(1);
    unit after = inserting(2);
    run_as_group(context_, w, {&before, &large, &after});
    EXPECT_EQ(reason_of(large.error), errc::full);
    EXPECT_FALSE(before.error) << "units that fit are stored";
    EXPECT_FALSE(after.error);
    EXPECT_FALSE(state_.write_error()) << "the last write was committed";
    do_it(large);
    EXPECT_EQ(state_.write_error(), errc::full);
    do_it(nothing);
    EXPECT_EQ(state_.write_error(), errc::full) << "a transaction that changes nothing says nothing about space";
    do_it(lift);
    do_it(large);
    EXPECT_FALSE(state_.write_error());
    EXPECT_EQ(rows().size(), 8003U);
}

TEST_F(sqlite_writer, a_replaced_file_accepts_no_writes)
{
    writer w{options(), state_};
    connection{options(), connection::access::read_write}.run("CREATE TABLE t (n BIGINT PRIMARY KEY)");
    const auto path = options().path;
    std::filesystem::rename(path, path + ".old");
    unit lost = inserting(1);
    start(context_, w, lost);
    context_.run();
    EXPECT_EQ(reason_of(lost.error), errc::read_only);
    EXPECT_EQ(state_.write_error(), errc::read_only);
    std::filesystem::rename(path + ".old", path);
    unit kept = inserting(2);
    start(context_, w, kept);
    context_.restart();
    context_.run();
    EXPECT_FALSE(kept.error);
    EXPECT_FALSE(state_.write_error());
}

TEST_F(sqlite_writer, a_damaged_file_is_reported_as_corrupt)
{
    {
        std::ofstream garbage{options().path, std::ios::binary};
        for (int i = 0; i < 4096; ++i) garbage << "no database ";
    }
    try {
        const connection c{options(), connection::access::read_write};
        FAIL() << "the damaged file was opened without an error";
    } catch (const sql_error& e) {
        EXPECT_EQ(e.reason(), errc::corrupt);
        EXPECT_NE(std::string{e.what()}.find(options().path), std::string::npos) << e.what();
        EXPECT_NE(std::string{e.what()}.find("restore a backup"), std::string::npos) << e.what();
    }
}

TEST_F(sqlite_writer, an_overwritten_page_is_found_while_reading_and_stays_reported)
{
    {
        connection c{options(), connection::access::read_write};
        c.run("CREATE TABLE t (n BIGINT PRIMARY KEY)");
        c.run(
            "INSERT INTO t WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 9000)"
            " SELECT i FROM r");
    }
    {
        std::fstream file{options().path, std::ios::binary | std::ios::in | std::ios::out};
        file.seekp(4096);
        for (int i = 0; i < 4096; ++i) file << "overwritten ";
    }
    const auto db = make_sqlite(options());
    std::exception_ptr error;
    asio::co_spawn(context_, db->all<std::int64_t>("SELECT n FROM t"),
                   [&](std::exception_ptr e, const std::vector<std::int64_t>&) { error = e; });
    context_.run();
    EXPECT_EQ(reason_of(error), errc::corrupt);
    EXPECT_EQ(db->write_error(), errc::corrupt);
    db->close();
}

TEST_F(sqlite_writer, the_closed_database_is_one_file)
{
    const auto db = make_sqlite(options());
    asio::co_spawn(context_, db->run_script("CREATE TABLE t (n BIGINT PRIMARY KEY)"),
                   [](std::exception_ptr e) { EXPECT_FALSE(e); });
    context_.run();
    db->close();
    EXPECT_FALSE(std::filesystem::exists(folder_.path() / "test.db-wal"));
    db->close();
}

TEST_F(sqlite_writer, an_acknowledged_write_survives_kill)
{
    larder::testing::process_options in_folder;
    in_folder.folder = folder_.path();
    larder::testing::process child{{CRASH_WRITER}, in_folder};
    ASSERT_TRUE(child.wait_for_output("\n500\n")) << child.output();
    child.kill(SIGKILL);
    EXPECT_EQ(child.wait(), 128 + SIGKILL);
    ASSERT_FALSE(child.wait_for_output("the pipe ends without this"));

    sqlite_options o;
    o.path = folder_.path() / "crash.db";
    connection reopened{o, connection::access::read_write};
    std::vector<std::int64_t> found;
    vector_sink<std::int64_t> sink{found};
    reopened.run("SELECT n FROM rows", params{}, &sink);
    const std::set<std::int64_t> kept{found.begin(), found.end()};
    std::istringstream lines{child.output()};
    std::size_t acknowledged = 0;
    for (std::string line; std::getline(lines, line) && !lines.eof(); ++acknowledged) {
        EXPECT_TRUE(kept.contains(std::stoll(line))) << line;
    }
    EXPECT_GE(acknowledged, 100u);
}

}  // namespace
}  // namespace agora::storage::sqlite
