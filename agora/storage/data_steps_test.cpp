// SPDX-License-Identifier: MIT
// Data steps change every row once, continue after a crash, and record their invalidations in the outbox.
#include <agora/storage/data_steps.hpp>
#include <agora/storage/migrate.hpp>
#include <agora/storage/storage_fixture.hpp>

namespace agora::storage {
namespace {

/// Changes two rows per batch, and counts in `doubled` how often each row has been changed.
asio::awaitable<std::optional<std::int64_t>> double_some(session& s, invalidations& invalidations, std::int64_t after)
{
    const auto ids = co_await s.all<std::int64_t>("SELECT id FROM numbers WHERE id > $1 ORDER BY id LIMIT 2", after);
    if (ids.empty()) co_return std::nullopt;
    for (const auto id : ids) {
        co_await s.exec("UPDATE numbers SET n = 10 / n, doubled = doubled + 1 WHERE id = $1", id);
        invalidations.add(larder::tag{"number:{}", id});
    }
    co_return ids.back();
}

/// Throws at the third row, as if the process had died.
asio::awaitable<std::optional<std::int64_t>> die_at_three(session& s, invalidations& invalidations, std::int64_t after)
{
    const auto reached = co_await double_some(s, invalidations, after);
    if (reached && *reached >= 3) throw std::runtime_error{"killed"};
    co_return reached;
}

class data_steps_test : public storage_test {
 protected:
    data_steps_test()
    {
        run([&]() -> asio::awaitable<void> {
            co_await migrate(db());
            co_await db().run_script(
                "CREATE TABLE numbers (id BIGINT PRIMARY KEY, n BIGINT NOT NULL, doubled BIGINT NOT NULL DEFAULT 0);"
                "INSERT INTO numbers (id, n) VALUES (1, 1), (2, 1), (3, 1), (4, 1), (5, 1)");
        });
    }
    asio::awaitable<std::int64_t> number(std::string_view sql)
    {
        co_return (co_await db().first<std::int64_t>(sql)).value();
    }
};

TEST_P(data_steps_test, change_each_row_once_and_never_run_again)
{
    run([&]() -> asio::awaitable<void> {
        static constexpr data_step steps[] = {{"double", double_some}};
        const auto before = co_await pending_data_steps(db(), steps);
        EXPECT_EQ(before.size(), 1U);
        const auto ran = co_await run_data_steps(db(), steps);
        EXPECT_EQ(ran.size(), 1U);
        EXPECT_EQ(co_await number("SELECT MIN(doubled) + MAX(doubled) FROM numbers"), 2);
        const auto after = co_await pending_data_steps(db(), steps);
        EXPECT_TRUE(after.empty());
        const auto again = co_await run_data_steps(db(), steps);
        EXPECT_TRUE(again.empty());
        EXPECT_EQ(co_await number("SELECT MAX(doubled) FROM numbers"), 1);
    });
}

TEST_P(data_steps_test, continue_where_a_process_died)
{
    run([&]() -> asio::awaitable<void> {
        static constexpr data_step dying[] = {{"double", die_at_three}};
        bool died = false;
        try {
            co_await run_data_steps(db(), dying);
        } catch (const std::runtime_error&) {
            died = true;
        }
        EXPECT_TRUE(died);
        EXPECT_EQ(co_await number("SELECT SUM(doubled) FROM numbers"), 2) << "the committed batch is kept";
        EXPECT_EQ(co_await number("SELECT position FROM data_steps"), 2);
        static constexpr data_step steps[] = {{"double", double_some}};
        co_await run_data_steps(db(), steps);
        EXPECT_EQ(co_await number("SELECT MIN(doubled) + MAX(doubled) FROM numbers"), 2)
            << "each row is changed exactly once";
    });
}

TEST_P(data_steps_test, record_their_invalidations_in_the_outbox)
{
    run([&]() -> asio::awaitable<void> {
        static constexpr data_step steps[] = {{"double", double_some}};
        co_await run_data_steps(db(), steps);
        EXPECT_EQ(co_await number("SELECT COUNT(*) FROM outbox WHERE kind = 'invalidate'"), 3)
            << "one outbox row per batch";
        EXPECT_EQ(co_await number("SELECT COUNT(*) FROM outbox WHERE payload LIKE '%number:5%'"), 1);
    });
}

INSTANTIATE_TEST_SUITE_P(on, data_steps_test, both_databases, name_of_database);

}  // namespace
}  // namespace agora::storage
