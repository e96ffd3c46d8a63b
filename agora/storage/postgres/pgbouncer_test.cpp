// SPDX-License-Identifier: MIT
// The driver behind a real pgbouncer, in session and in transaction mode.
#include <gtest/gtest.h>
#include <agora/storage/completion.hpp>
#include <agora/storage/postgres/postgres.hpp>
#include <boost/asio/co_spawn.hpp>
#include <fstream>
#include <larder/testing/postgres_server.hpp>

namespace agora::storage {
namespace {

using namespace std::chrono_literals;
using larder::testing::postgres_server;

class pgbouncer {
 public:
    /// `mode`: session or transaction. `ignored`: startup parameters that pgbouncer drops instead of rejecting the
    /// client.
    pgbouncer(const std::string& mode, const std::string& ignored)
        : run_as_{larder::testing::unprivileged_owner_of(folder_.path())}, port_{larder::testing::free_port()}
    {
        const auto file = folder_.path() / "pgbouncer.ini";
        std::ofstream{folder_.path() / "users.txt"} << "\"agora\" \"not_shown\"\n";
        std::ofstream{file} << "[databases]\n* = host=127.0.0.1 port=" << postgres_server::shared().port()
                            << "\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = " << port_
                            << "\nauth_type = trust\nauth_file = " << (folder_.path() / "users.txt").string()
                            << "\npool_mode = " << mode << "\ndefault_pool_size = 3\nunix_socket_dir =\n"
                            << "ignore_startup_parameters = extra_float_digits" << ignored << "\n";
        std::filesystem::permissions(folder_.path(), std::filesystem::perms{0755});
        run_as_.end_signal = SIGKILL;
        server_.emplace(std::vector<std::string>{"/usr/sbin/pgbouncer", file}, run_as_);
        if (!server_->wait_for_output("process up")) throw std::runtime_error{server_->output()};
    }

    /// A URL that leads through pgbouncer to a new database.
    std::string url() const
    {
        auto direct = postgres_server::shared().create_database();
        const auto port = std::to_string(postgres_server::shared().port());
        return direct.replace(direct.find(port), port.size(), std::to_string(port_));
    }

 private:
    larder::testing::temporary_folder folder_;
    larder::testing::process_options run_as_;
    unsigned short port_;
    std::optional<larder::testing::process> server_;
};

class through_pgbouncer : public testing::Test {
 protected:
    std::unique_ptr<database> open(const std::string& url)
    {
        postgres_options o;
        o.url = url;
        o.statement_timeout = 500ms;
        return make_postgres(o, loops_);
    }

    template <class F>
    void run(F body)
    {
        loops_.run_until_done(body());
    }

    /// The error text of verify(); empty when it succeeds.
    std::string verify_error(const std::string& url)
    {
        const auto db = open(url);
        std::string says;
        run([&]() -> asio::awaitable<void> {
            try {
                co_await db->verify();
            } catch (const sql_error& e) {
                says = e.what();
            }
        });
        db->close();
        return says;
    }

    larder::runtime loops_{{.loops = 1}};
};

TEST_F(through_pgbouncer, transaction_mode_without_prepare_off_is_detected_at_startup)
{
    const pgbouncer strict{"transaction", ""};
    EXPECT_NE(verify_error(strict.url()).find("add ?prepare=off to DATABASE_URL"), std::string::npos);
    EXPECT_EQ(verify_error(strict.url() + "?prepare=off"), "");
    const pgbouncer tolerant{"transaction", ",options"};
    EXPECT_NE(verify_error(tolerant.url()).find("add ?prepare=off to DATABASE_URL"), std::string::npos);
    EXPECT_EQ(verify_error(tolerant.url() + "?prepare=off"), "");
    const pgbouncer whole_sessions{"session", ",options"};
    EXPECT_EQ(verify_error(whole_sessions.url()), "");
    EXPECT_EQ(verify_error(postgres_server::shared().create_database()), "") << "a direct connection needs no setting";
}

TEST_F(through_pgbouncer, prepare_off_works_in_transaction_mode)
{
    const pgbouncer pooler{"transaction", ""};
    const auto db = open(pooler.url() + "?sslmode=disable&prepare=off");
    constexpr int clients = 40;
    int done = 0;
    run([&]() -> asio::awaitable<void> {
        co_await db->run_script("CREATE TABLE t (n BIGINT PRIMARY KEY); CREATE TABLE u (n BIGINT)");
        const auto executor = co_await asio::this_coro::executor;
        completion all;
        const auto client = [&](std::int64_t i) -> asio::awaitable<void> {
            const auto add = [i](session& s) -> asio::awaitable<std::int64_t> {
                co_await s.exec("INSERT INTO t (n) VALUES ($1)", i);
                co_await s.exec("INSERT INTO u (n) VALUES ($1)", i);
                co_return *co_await s.first<std::int64_t>("SELECT count(*) FROM t WHERE n = $1", i);
            };
            EXPECT_EQ(co_await db->write(add), 1);
            for (std::int64_t k = 0; k < 10; ++k) {
                EXPECT_EQ(co_await db->first<std::int64_t>("SELECT $1 + $2 AS sum", i, k), i + k);
            }
        };
        const auto start = [&] {
            for (int i = 0; i < clients; ++i) {
                asio::co_spawn(executor, client(i), [&](std::exception_ptr e) {
                    EXPECT_FALSE(e);
                    if (++done == clients) all.finish(nullptr);
                });
            }
        };
        co_await all.wait(start);
        EXPECT_EQ(co_await db->first<std::int64_t>("SELECT count(*) FROM u"), clients);
    });
    db->close();
}

TEST_F(through_pgbouncer, every_transaction_sets_its_limits_and_leaves_none_behind)
{
    const pgbouncer pooler{"transaction", ""};
    const auto db = open(pooler.url() + "?prepare=off");
    run([&]() -> asio::awaitable<void> {
        co_await db->run_script("CREATE TABLE t (n BIGINT PRIMARY KEY)");
        const auto reason_of = [](asio::awaitable<std::optional<std::int64_t>> work) -> asio::awaitable<errc> {
            try {
                co_await std::move(work);
            } catch (const sql_error& e) {
                co_return e.reason();
            }
            co_return errc::invalid;
        };
        const auto slow = [](session& s) { return s.first<std::int64_t>("SELECT 1 FROM pg_sleep(5)"); };
        EXPECT_EQ(co_await reason_of(db->first<std::int64_t>("SELECT 1 FROM pg_sleep(5)")), errc::timeout);
        EXPECT_EQ(co_await reason_of(db->write(slow)), errc::timeout);
        EXPECT_EQ(co_await reason_of(db->first<std::int64_t>("INSERT INTO t VALUES (1) RETURNING n")), errc::read_only);
        const auto limits = [](session& s) -> asio::awaitable<std::string> {
            co_return *co_await s.first<std::string>(
                "SELECT current_setting('statement_timeout') || ' ' || current_setting('lock_timeout')");
        };
        EXPECT_EQ(co_await db->write(limits), "500ms 300ms");
        co_await db->run_script("DO 'BEGIN ASSERT current_setting(''statement_timeout'') = ''0''; END'");
    });
    db->close();
}

TEST_F(through_pgbouncer, prepare_accepts_only_on_and_off)
{
    const auto url = postgres_server::shared().create_database();
    for (const auto* query : {"?prepare=maybe", "?prepare=", "?sslmode=disable&prepare=0"}) {
        EXPECT_THROW(open(url + query), std::invalid_argument) << query;
    }
    for (const auto* query :
         {"?prepare=on", "?prepare=off", "?prepare=off&sslmode=disable", "?sslmode=disable&prepare=off",
          "?sslmode=disable&prepare=off&connect_timeout=3", "?sslmode=disable"}) {
        const auto db = open(url + query);
        run([&]() -> asio::awaitable<void> { co_await db->ping(); });
        db->close();
    }
}

}  // namespace
}  // namespace agora::storage
