// SPDX-License-Identifier: MIT
// The errc of every class of SQLSTATE, tested through the driver: the server raises each of them.
#include <gtest/gtest.h>
#include <agora/storage/postgres/errors.hpp>
#include <agora/storage/postgres/postgres.hpp>
#include <larder/testing/postgres_server.hpp>

namespace agora::storage {
namespace {

using larder::testing::postgres_server;

struct expectation {
    const char* sqlstate;
    errc means;
};

constexpr std::array expected{
    expectation{"03000", errc::invalid},  // a class that the table does not list
    expectation{"08000", errc::unavailable},
    expectation{"08003", errc::unavailable},
    expectation{"08006", errc::unavailable},
    expectation{"08P01", errc::unavailable},
    expectation{"0A000", errc::invalid},  // not from RevalidateCachedQuery
    expectation{"22003", errc::bad_value},
    expectation{"22012", errc::invalid},
    expectation{"22021", errc::bad_value},
    expectation{"22P05", errc::bad_value},
    expectation{"23000", errc::check_violation},
    expectation{"23001", errc::check_violation},
    expectation{"23502", errc::not_null_violation},
    expectation{"23503", errc::foreign_key_violation},
    expectation{"23505", errc::unique_violation},
    expectation{"23514", errc::check_violation},
    expectation{"23P01", errc::check_violation},
    expectation{"25000", errc::invalid},
    expectation{"25006", errc::read_only},
    expectation{"25P02", errc::invalid},
    expectation{"25P03", errc::unavailable},
    expectation{"26000", errc::stale_statement},
    expectation{"28000", errc::access_denied},
    expectation{"28P01", errc::access_denied},
    expectation{"3D000", errc::access_denied},
    expectation{"3F000", errc::access_denied},
    expectation{"40000", errc::conflict},
    expectation{"40001", errc::conflict},
    expectation{"40002", errc::check_violation},
    expectation{"40003", errc::unavailable},
    expectation{"40P01", errc::conflict},
    expectation{"42501", errc::access_denied},
    expectation{"42601", errc::invalid},
    expectation{"42P01", errc::invalid},
    expectation{"42P05", errc::stale_statement},
    expectation{"53000", errc::busy},
    expectation{"53100", errc::full},
    expectation{"53200", errc::busy},
    expectation{"53300", errc::busy},
    expectation{"53400", errc::busy},
    expectation{"54000", errc::too_large},
    expectation{"54001", errc::too_large},
    expectation{"55000", errc::invalid},
    expectation{"55006", errc::busy},
    expectation{"55P03", errc::busy},
    expectation{"57000", errc::unavailable},
    expectation{"57014", errc::timeout},
    expectation{"57P01", errc::unavailable},
    expectation{"57P02", errc::unavailable},
    expectation{"57P03", errc::unavailable},
    expectation{"57P04", errc::unavailable},
    expectation{"57P05", errc::unavailable},
    expectation{"58000", errc::unavailable},
    expectation{"58030", errc::unavailable},
    expectation{"58P01", errc::corrupt},
    expectation{"72000", errc::conflict},
    expectation{"F0000", errc::unavailable},
    expectation{"P0001", errc::invalid},
    expectation{"XX000", errc::invalid},
    expectation{"XX001", errc::corrupt},
    expectation{"XX002", errc::corrupt},
};

asio::awaitable<std::optional<errc>> reason_of(asio::awaitable<std::int64_t> work)
{
    try {
        co_await std::move(work);
    } catch (const sql_error& e) {
        co_return e.reason();
    }
    co_return std::nullopt;
}

std::string shown(const std::optional<errc>& e) { return e ? std::string{to_string(*e)} : "no error"; }

TEST(postgres_errors, each_sqlstate_has_a_meaning)
{
    larder::runtime loops{{.loops = 1}};
    postgres_options o;
    o.url = postgres_server::shared().create_database();
    const auto db = make_postgres(o, loops);
    const auto all = [&]() -> asio::awaitable<void> {
        for (const auto& e : expected) {
            const std::string sql =
                std::string{"DO 'BEGIN RAISE EXCEPTION ''told'' USING ERRCODE = ''"} + e.sqlstate + "''; END'";
            const auto raise = [&](session& s) { return s.exec(sql); };
            const auto reason = co_await reason_of(db->write(raise));
            EXPECT_EQ(shown(reason), to_string(e.means)) << e.sqlstate;
            EXPECT_EQ(postgres::meaning_of(e.sqlstate), e.means) << e.sqlstate;
        }
        EXPECT_EQ(co_await db->first<std::int64_t>("SELECT 1"), 1) << "the connections stay usable after each error";
    };
    loops.run_until_done(all());
    db->close();
}

/// A rejected connection has a SQLSTATE, too, but libpq reports it only inside the message text.
TEST(postgres_errors, a_rejected_connection_reports_the_reason)
{
    auto& server = postgres_server::shared();
    larder::runtime loops{{.loops = 1}};
    const auto url = server.create_database();
    server.execute("CREATE ROLE crowded LOGIN CONNECTION LIMIT 0");
    const auto replaced = [&](const std::string& what, const std::string& by) {
        std::string u = url;
        u.replace(u.find(what), what.size(), by);
        return u;
    };
    const auto database = url.substr(url.rfind('/'));
    struct {
        std::string url;
        errc means;
        std::string says;
    } const cases[] = {
        {replaced(database, "/nowhere"), errc::access_denied, "3D000: database \"nowhere\" does not exist"},
        {replaced("agora:", "nobody:"), errc::access_denied, "28000: role \"nobody\" does not exist"},
        {replaced("agora:", "crowded:"), errc::busy, "53300: too many connections for role"},
        {replaced(std::to_string(server.port()), std::to_string(larder::testing::free_port())), errc::unavailable,
         "Connection refused"},
        {replaced("127.0.0.1", "no-such-host.invalid"), errc::unavailable, "no-such-host.invalid cannot be resolved"},
    };
    for (const auto& c : cases) {
        postgres_options o;
        o.url = c.url;
        const auto db = make_postgres(o, loops);
        const auto ping = [&]() -> asio::awaitable<void> {
            try {
                co_await db->ping();
                ADD_FAILURE() << "connected to " << c.url;
            } catch (const sql_error& e) {
                EXPECT_EQ(to_string(e.reason()), to_string(c.means)) << e.what();
                EXPECT_NE(std::string{e.what()}.find(c.says), std::string::npos) << e.what();
                EXPECT_EQ(std::string{e.what()}.find("LOCATION"), std::string::npos) << e.what();
            }
        };
        loops.run_until_done(ping());
        db->close();
    }
}

}  // namespace
}  // namespace agora::storage
