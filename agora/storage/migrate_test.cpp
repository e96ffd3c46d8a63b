// SPDX-License-Identifier: MIT
// Migrations run in order and once, roll back as a whole, may run in several processes at once, and refuse a schema
// that is newer than the program.
#include <agora/storage/migrate.hpp>
#include <agora/storage/storage_fixture.hpp>

namespace agora::storage {
namespace {

using migrations = storage_test;

const std::vector<embedded::file> two_files{
    {"0001_notes.sql",
     "CREATE TABLE notes (id {identity}, body TEXT NOT NULL); INSERT INTO notes (body) VALUES ('hello');"},
    {"0002_more.sql", "INSERT INTO notes (body) VALUES ('again'); INSERT INTO notes (body) VALUES ('and again');"},
};

std::span<const embedded::file> first_file() { return std::span{two_files}.first(1); }

TEST_P(migrations, are_applied_in_order_and_once)
{
    run([&]() -> asio::awaitable<void> {
        const auto before = co_await migrate(db(), first_file());
        EXPECT_EQ(before.applied, std::vector<std::string>{"0001_notes.sql"});
        EXPECT_EQ(before.version, 1);
        const auto after = co_await migrate(db(), two_files);
        EXPECT_EQ(after.applied, std::vector<std::string>{"0002_more.sql"});
        EXPECT_EQ(after.version, 2);
        const auto again = co_await migrate(db(), two_files);
        EXPECT_TRUE(again.applied.empty());
        const auto ids = co_await db().all<std::int64_t>("SELECT id FROM notes ORDER BY id");
        EXPECT_EQ(ids, (std::vector<std::int64_t>{1, 2, 3}));
    });
}

TEST_P(migrations, a_failing_file_leaves_nothing_behind)
{
    std::vector<embedded::file> files = two_files;
    files[1].text = "INSERT INTO notes (body) VALUES ('again'); INSERT INTO nowhere VALUES (1);";
    run([&]() -> asio::awaitable<void> {
        bool refused = false;
        try {
            co_await migrate(db(), files);
        } catch (const sql_error&) {
            refused = true;
        }
        EXPECT_TRUE(refused);
        EXPECT_EQ(co_await db().first<std::int64_t>("SELECT count(*) FROM notes"), 1);
        EXPECT_EQ(co_await db().first<std::int64_t>("SELECT max(version) FROM schema_migrations"), 1);
    });
}

TEST_P(migrations, whose_own_rows_violate_a_constraint_are_not_taken_for_applied)
{
    std::vector<embedded::file> files = two_files;
    files[1].text = "INSERT INTO notes (id, body) VALUES (1, 'taken');";
    run([&]() -> asio::awaitable<void> {
        auto reason = errc::invalid;
        try {
            co_await migrate(db(), files);
        } catch (const sql_error& e) {
            reason = e.reason();
        }
        EXPECT_EQ(reason, errc::unique_violation);
    });
}

TEST_P(migrations, a_newer_schema_is_refused_with_both_versions)
{
    run([&]() -> asio::awaitable<void> {
        co_await migrate(db(), two_files);
        std::string text;
        try {
            co_await migrate(db(), first_file());
        } catch (const schema_too_new& e) {
            text = e.what();
        }
        EXPECT_NE(text.find("version 2"), std::string::npos) << text;
        EXPECT_NE(text.find("up to 1"), std::string::npos) << text;
    });
}

TEST_P(migrations, status_lists_applied_and_pending_migrations_and_changes_nothing)
{
    run([&]() -> asio::awaitable<void> {
        const auto fresh = co_await migration_status(db(), two_files);
        EXPECT_EQ(fresh.size(), 2u);
        EXPECT_FALSE(fresh.at(0).applied_at);
        co_await migrate(db(), first_file());
        const auto states = co_await migration_status(db(), two_files);
        EXPECT_EQ(states.size(), 2u);
        EXPECT_EQ(states.at(0).name, "notes");
        EXPECT_TRUE(states.at(0).applied_at);
        EXPECT_EQ(states.at(1).version, 2);
        EXPECT_FALSE(states.at(1).applied_at);
    });
}

TEST_P(migrations, processes_that_migrate_at_the_same_time_share_the_work)
{
    std::vector<std::unique_ptr<database>> ways;
    for (int i = 0; i < 6; ++i) ways.push_back(open());
    std::atomic<std::size_t> applied = 0;
    run_together(6, [&](int i) -> asio::awaitable<void> {
        const auto report = co_await migrate(*ways[static_cast<std::size_t>(i)], two_files);
        EXPECT_EQ(report.version, 2);
        applied += report.applied.size();
    });
    EXPECT_EQ(applied, 2u);
    run([&]() -> asio::awaitable<void> {
        EXPECT_EQ(co_await db().first<std::int64_t>("SELECT count(*) FROM notes"), 3);
    });
}

TEST_P(migrations, of_the_program_can_be_applied)
{
    run([&]() -> asio::awaitable<void> {
        const auto report = co_await migrate(db());
        EXPECT_EQ(report.applied.size(), embedded::migrations.size());
        EXPECT_EQ(co_await db().first<std::string>("SELECT role FROM users WHERE username = $1", "agora"), "admin");
    });
}

TEST_P(migrations, with_an_invalid_name_are_rejected)
{
    for (const auto* name : {"1_notes.sql", "0001-notes.sql", "0001_.sql", "0001_no'tes.sql", "0001_notes.txt"}) {
        const std::vector<embedded::file> files{{name, "SELECT 1;"}};
        EXPECT_THROW(run([&]() -> asio::awaitable<void> { co_await migrate(db(), files); }), std::logic_error) << name;
    }
}

INSTANTIATE_TEST_SUITE_P(on, migrations, both_databases, name_of_database);

}  // namespace
}  // namespace agora::storage
