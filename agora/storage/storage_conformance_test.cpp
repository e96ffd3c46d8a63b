// SPDX-License-Identifier: MIT
// The contract that both drivers keep: the same statements give the same results and the same errors.
#include <agora/outcome.hpp>
#include <agora/storage/storage_fixture.hpp>
#include <limits>

namespace agora::storage {
namespace {

enum class colour { red = 1, green = 2 };

struct item {
    std::int64_t id = 0;
    std::string name;
    std::optional<double> score;
    std::optional<std::string> note;
    bool operator==(const item&) const = default;
};
BOOST_DESCRIBE_STRUCT(item, (), (id, name, score, note))

struct other_item {
    std::int64_t id = 0;
    std::string title;
};
BOOST_DESCRIBE_STRUCT(other_item, (), (id, title))

constexpr auto insert_item = "INSERT INTO items (id, name, score, note) VALUES ($1, $2, $3, $4)";
constexpr auto select_items = "SELECT id, name, score, note FROM items ORDER BY id";

class storage_conformance : public storage_test {
 protected:
    void SetUp() override
    {
        run([&]() -> asio::awaitable<void> {
            co_await db().run_script(
                "CREATE TABLE items (id BIGINT PRIMARY KEY, name TEXT NOT NULL UNIQUE, score DOUBLE PRECISION, note "
                "TEXT)");
        });
    }

    asio::awaitable<std::int64_t> add(std::int64_t id, std::string name)
    {
        co_return co_await db().write([&](session& s) -> asio::awaitable<std::int64_t> {
            co_return co_await s.exec(insert_item, id, name, 0.5, std::optional<std::string>{});
        });
    }

    asio::awaitable<std::int64_t> count()
    {
        co_return *co_await db().first<std::int64_t>("SELECT count(*) FROM items");
    }

    /// The error that the coroutine throws.
    template <class T>
    static asio::awaitable<sql_error> error_of(asio::awaitable<T> work)
    {
        try {
            co_await std::move(work);
        } catch (const sql_error& e) {
            co_return e;
        }
        throw std::logic_error{"it did not fail"};
    }
};

TEST_P(storage_conformance, values_and_nulls_are_read_back_unchanged)
{
    constexpr auto smallest = std::numeric_limits<std::int64_t>::min();
    constexpr auto largest = std::numeric_limits<std::int64_t>::max();
    run([&]() -> asio::awaitable<void> {
        co_await db().write([&](session& s) -> asio::awaitable<bool> {
            co_await s.exec(insert_item, smallest, "a", -1.0 / 3, "n");
            co_await s.exec(insert_item, 0, std::string{}, std::optional<double>{}, value{});
            co_await s.exec(insert_item, largest, std::string_view{"c"}, 1e300, std::optional<std::string>{""});
            co_return true;
        });
        const auto items = co_await db().all<item>(select_items);
        EXPECT_EQ(items,
                  (std::vector<item>{{smallest, "a", -1.0 / 3, "n"}, {0, "", {}, {}}, {largest, "c", 1e300, ""}}));
    });
}

TEST_P(storage_conformance, enums_booleans_and_times_are_integers)
{
    const larder::timestamp now{std::chrono::milliseconds{1282765851187}};
    run([&]() -> asio::awaitable<void> {
        EXPECT_EQ(co_await db().first<colour>("SELECT CAST($1 AS BIGINT) AS c", colour::green), colour::green);
        EXPECT_EQ(co_await db().first<larder::timestamp>("SELECT CAST($1 AS BIGINT) AS t", now), now);
        EXPECT_EQ(co_await db().first<std::int64_t>("SELECT $1 AS b", true), 1);
        EXPECT_EQ(co_await db().first<bool>("SELECT EXISTS (SELECT 1 FROM items) AS e"), false);
        EXPECT_EQ(co_await db().first<bool>("SELECT 1 < $1 AS e", 2), true);
    });
}

TEST_P(storage_conformance, text_keeps_quotes_unicode_and_length)
{
    const std::string odd = "O'Brien \"said\" \\ ; -- $1 {} %s\n\t\u00fc \u6f22\u5b57 \U0001F389";
    const std::string large(3'000'000, 'x');
    run([&]() -> asio::awaitable<void> {
        co_await add(1, odd);
        EXPECT_EQ(co_await db().first<std::string>("SELECT name FROM items WHERE name = $1", odd), odd);
        const auto back = co_await db().first<std::string>("SELECT $1 AS large", large);
        EXPECT_TRUE(back == large);
    });
}

TEST_P(storage_conformance, a_text_with_a_nul_is_refused)
{
    run([&]() -> asio::awaitable<void> {
        const std::string text{"a\0b", 3};
        co_await error_of(add(1, text));
        EXPECT_EQ(co_await count(), 0);
    });
}

TEST_P(storage_conformance, parameters_may_be_used_out_of_order_and_repeatedly)
{
    run([&]() -> asio::awaitable<void> {
        const auto sum = co_await db().first<std::int64_t>("SELECT $2 * 100 + $1 * 10 + $2 - $1 AS sum", 3, 5);
        EXPECT_EQ(sum, 5 * 100 + 3 * 10 + 5 - 3);
        const auto text = co_await db().first<std::string>("SELECT $2 || $1 || $1 AS text", "a", "b");
        EXPECT_EQ(text, "baa");
        const auto tenth =
            co_await db().first<std::int64_t>("SELECT $11 + $1 AS sum", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
        EXPECT_EQ(tenth, 12);
    });
}

TEST_P(storage_conformance, a_parameter_without_a_value_is_an_error)
{
    run([&]() -> asio::awaitable<void> {
        co_await error_of(db().all<item>("SELECT id, name, score, note FROM items WHERE id = $1 AND name = $2", 1));
    });
}

TEST_P(storage_conformance, one_statement_takes_values_of_different_types)
{
    run([&]() -> asio::awaitable<void> {
        const auto* same = "SELECT $1 AS v";
        const auto nothing = co_await db().all<std::optional<std::string>>(same, value{});
        EXPECT_EQ(nothing, std::vector<std::optional<std::string>>{std::nullopt});
        EXPECT_EQ(co_await db().first<std::int64_t>(same, 7), 7);
        EXPECT_EQ(co_await db().first<std::string>(same, "seven"), "seven");
        EXPECT_EQ(co_await db().first<double>(same, 0.25), 0.25);
    });
}

TEST_P(storage_conformance, columns_that_do_not_match_the_struct_are_named)
{
    run([&]() -> asio::awaitable<void> {
        co_await add(1, "a");
        const auto renamed = co_await error_of(db().all<other_item>("SELECT id, name FROM items"));
        EXPECT_NE(std::string{renamed.what()}.find("'name'"), std::string::npos) << renamed.what();
        EXPECT_NE(std::string{renamed.what()}.find("'title'"), std::string::npos) << renamed.what();
        co_await error_of(db().all<other_item>("SELECT id FROM items"));
        co_await error_of(db().all<other_item>("SELECT id, name AS title, score FROM items"));
        EXPECT_EQ((co_await db().all<other_item>("SELECT id, name AS title FROM items")).size(), 1u);
    });
}

TEST_P(storage_conformance, a_value_that_the_member_cannot_hold_is_an_error)
{
    run([&]() -> asio::awaitable<void> {
        co_await add(1, "a");
        co_await error_of(db().first<std::int64_t>("SELECT name FROM items"));
        co_await error_of(db().first<double>("SELECT name FROM items"));
        co_await error_of(db().first<std::int64_t>("SELECT score FROM items"));
        co_await error_of(db().first<std::string>("SELECT note FROM items"));
        co_await error_of(db().first<std::int64_t>("SELECT max(id) FROM items WHERE id > 5"));
        EXPECT_EQ(co_await count(), 1) << "the connection stays usable";
    });
}

TEST_P(storage_conformance, first_is_the_first_row_or_nothing)
{
    run([&]() -> asio::awaitable<void> {
        EXPECT_EQ(co_await db().first<item>(select_items), std::nullopt);
        co_await add(2, "b");
        co_await add(1, "a");
        EXPECT_EQ((co_await db().first<item>(select_items))->name, "a");
    });
}

TEST_P(storage_conformance, exec_counts_the_rows_that_it_changed)
{
    run([&]() -> asio::awaitable<void> {
        co_await db().write([&](session& s) -> asio::awaitable<bool> {
            EXPECT_EQ(co_await s.exec("INSERT INTO items (id, name) VALUES (1, 'a'), (2, 'b'), (3, 'c')"), 3);
            EXPECT_EQ(co_await s.exec("UPDATE items SET note = $1 WHERE id > 1", "x"), 2);
            EXPECT_EQ(co_await s.exec("UPDATE items SET note = 'x' WHERE id > 100"), 0);
            EXPECT_EQ(co_await s.exec("DELETE FROM items WHERE id = 2"), 1);
            EXPECT_EQ(co_await s.exec("CREATE TABLE more (n BIGINT)"), 0);
            EXPECT_EQ(co_await s.exec("SELECT id FROM items"), 0);
            co_return true;
        });
    });
}

TEST_P(storage_conformance, returning_and_on_conflict_work_alike)
{
    run([&]() -> asio::awaitable<void> {
        co_await db().write([&](session& s) -> asio::awaitable<bool> {
            const auto* upsert =
                "INSERT INTO items (id, name) VALUES ($1, $2)"
                " ON CONFLICT (name) DO UPDATE SET note = 'seen' RETURNING id, name, score, note";
            const auto made = co_await s.first<item>(upsert, 1, "a");
            EXPECT_EQ(made, (item{1, "a", {}, {}}));
            const auto met = co_await s.first<item>(upsert, 2, "a");
            EXPECT_EQ(met, (item{1, "a", {}, "seen"}));
            const auto* insert_once = "INSERT INTO items (id, name) VALUES ($1, $2) ON CONFLICT DO NOTHING";
            EXPECT_EQ(co_await s.exec(insert_once, 1, "z"), 0);
            EXPECT_EQ(co_await s.exec(insert_once, 3, "c"), 1);
            const auto gone = co_await s.all<std::int64_t>("DELETE FROM items RETURNING id");
            EXPECT_EQ(gone.size(), 2u);
            co_return true;
        });
    });
}

TEST_P(storage_conformance, a_transaction_is_committed_when_its_body_returns)
{
    run([&]() -> asio::awaitable<void> {
        const auto id = co_await db().write([&](session& s) -> asio::awaitable<outcome<std::int64_t>> {
            co_await s.exec(insert_item, 1, "a", 0.0, "");
            co_return *co_await s.first<std::int64_t>("SELECT id FROM items WHERE name = $1", "a");
        });
        EXPECT_EQ(id.value(), 1);
        EXPECT_EQ(co_await count(), 1);
    });
}

TEST_P(storage_conformance, a_transaction_is_rolled_back_when_its_body_fails_or_throws)
{
    run([&]() -> asio::awaitable<void> {
        const auto failed = co_await db().write([&](session& s) -> asio::awaitable<outcome<std::int64_t>> {
            co_await s.exec(insert_item, 1, "a", 0.0, "");
            co_return failure::not_found("the item");
        });
        EXPECT_TRUE(failed.has_error());
        bool thrown = false;
        try {
            co_await db().write([&](session& s) -> asio::awaitable<bool> {
                co_await s.exec(insert_item, 2, "b", 0.0, "");
                throw std::runtime_error{"no"};
            });
        } catch (const std::runtime_error& e) {
            thrown = std::string_view{e.what()} == "no";
        }
        EXPECT_TRUE(thrown);
        EXPECT_EQ(co_await count(), 0);
        EXPECT_EQ(co_await add(3, "c"), 1) << "the next transaction is not affected";
    });
}

TEST_P(storage_conformance, a_body_that_swallows_a_failed_statement_is_rolled_back)
{
    run([&]() -> asio::awaitable<void> {
        const auto error = co_await error_of(db().write([&](session& s) -> asio::awaitable<bool> {
            co_await s.exec(insert_item, 1, "a", 0.0, "");
            for (int i = 0; i < 2; ++i) {
                try {
                    co_await s.exec(insert_item, 2, "a", 0.0, "");
                } catch (const sql_error& e) {
                    EXPECT_EQ(e.reason(), errc::unique_violation);
                }
            }
            co_return true;
        }));
        EXPECT_EQ(error.reason(), errc::unique_violation);
        EXPECT_EQ(co_await count(), 0);
    });
}

TEST_P(storage_conformance, a_unique_violation_is_distinguished_from_other_errors)
{
    run([&]() -> asio::awaitable<void> {
        co_await add(1, "a");
        EXPECT_EQ((co_await error_of(add(1, "b"))).reason(), errc::unique_violation);
        EXPECT_EQ((co_await error_of(add(2, "a"))).reason(), errc::unique_violation);
        const auto null_name = co_await error_of(db().write([&](session& s) -> asio::awaitable<std::int64_t> {
            co_return co_await s.exec("INSERT INTO items (id) VALUES (3)");
        }));
        EXPECT_EQ(null_name.reason(), errc::not_null_violation);
        const auto nonsense = co_await error_of(db().all<item>("SELEKT 1"));
        EXPECT_NE(std::string{nonsense.what()}.find("SELEKT"), std::string::npos) << nonsense.what();
        EXPECT_EQ(co_await count(), 1);
    });
}

TEST_P(storage_conformance, a_read_cannot_write)
{
    run([&]() -> asio::awaitable<void> {
        co_await error_of(db().all<std::int64_t>("INSERT INTO items (id, name) VALUES (1, 'a') RETURNING id"));
        co_await error_of(db().read(
            [&](session& s) -> asio::awaitable<std::int64_t> { co_return co_await s.exec("DELETE FROM items"); }));
        co_await error_of(db().all<std::int64_t>("CREATE TABLE sneaked (n BIGINT)"));
        EXPECT_EQ(co_await count(), 0);
    });
}

TEST_P(storage_conformance, a_read_sees_what_was_acknowledged_before_it)
{
    run([&]() -> asio::awaitable<void> {
        for (std::int64_t i = 1; i <= 50; ++i) {
            co_await add(i, std::to_string(i));
            const auto both = co_await db().read([&](session& s) -> asio::awaitable<std::int64_t> {
                const auto newest = co_await s.first<std::int64_t>("SELECT max(id) FROM items");
                const auto all = co_await s.all<item>(select_items);
                co_return *newest == static_cast<std::int64_t>(all.size()) ? *newest : -1;
            });
            EXPECT_EQ(both, i);
        }
    });
}

TEST_P(storage_conformance, filters_known_at_run_time_are_bound_like_others)
{
    run([&]() -> asio::awaitable<void> {
        for (std::int64_t i = 1; i <= 9; ++i) co_await add(i, std::to_string(i));
        params bound;
        std::string sql = "SELECT id FROM items WHERE id > $1";
        bound.add(std::int64_t{2});
        sql += " AND name <> $2 ORDER BY id LIMIT $3";
        bound.add(std::string{"4"});
        bound.add(std::int64_t{3});
        const auto ids = co_await db().read([&](session& s) { return s.all_with<std::int64_t>(sql, bound); });
        EXPECT_EQ(ids, (std::vector<std::int64_t>{3, 5, 6}));
    });
}

TEST_P(storage_conformance, a_script_is_all_or_nothing)
{
    run([&]() -> asio::awaitable<void> {
        co_await db().run_script(
            "INSERT INTO items (id, name) VALUES (1, 'a'); -- one;\nINSERT INTO items (id, name) VALUES (2, 'b');");
        EXPECT_EQ(co_await count(), 2);
        co_await error_of(
            db().run_script("INSERT INTO items (id, name) VALUES (3, 'c'); INSERT INTO nowhere VALUES (1);"));
        EXPECT_EQ(co_await count(), 2);
    });
}

TEST_P(storage_conformance, describes_itself_without_secrets)
{
    run([&]() -> asio::awaitable<void> {
        co_await db().ping();
        EXPECT_EQ(db().dialect(), GetParam());
        EXPECT_EQ((co_await db().server_version()).substr(0, 2), on_postgres() ? "15" : "3.");
        EXPECT_EQ(db().describe().find("not_shown"), std::string::npos);
        EXPECT_NE(db().describe().find(on_postgres() ? "postgresql://agora@127.0.0.1:" : "test.db"), std::string::npos);
    });
}

INSTANTIATE_TEST_SUITE_P(on, storage_conformance, both_databases, name_of_database);

}  // namespace
}  // namespace agora::storage
