// SPDX-License-Identifier: MIT
// Tests the states of a server, one by one, and that the client treats each as docs/concepts/redis-client.md promises.
#include <larder/redis/script.hpp>
#include <larder/testing/scripted_server.hpp>
#include <map>
#include <set>
#include <thread>

#include "commands.hpp"
#include "loop_fixture.hpp"

namespace larder::redis {
namespace {

using testing::scripted_server;

class server_states_test : public loop_test {
 protected:
    testing_server server;
    client redis{io, to(server)};
};

TEST_F(server_states_test, LOADING_is_waited_for)
{
    server.command({"DEBUG", "POPULATE", "20000"});
    server.command({"SAVE"});
    server.crash();
    testing_server slow{{.arguments = {"--key-load-delay", "20", "--loading-process-events-interval-bytes", "1024",
                                       "--dbfilename", "dump.rdb", "--dir", server.file("").string()},
                         .tls = false,
                         .appendonly = false}};
    client loading{io, to(slow)};
    run([&]() -> asio::awaitable<void> {
        const auto begin = std::chrono::steady_clock::now();
        for (;;) {
            const auto size = co_await loading.exec<long>(request{"DBSIZE"}, exec_options{5000ms});
            if (size.has_value()) break;
            EXPECT_EQ(size.error().prefix(), "LOADING");
            EXPECT_LT(std::chrono::steady_clock::now() - begin, 30s);
        }
    });
}

TEST_F(server_states_test, BUSY_is_waited_for)
{
    server.command({"CONFIG", "SET", "busy-reply-threshold", "10"});
    std::thread script{[&] {
        try {
            server.command({"EVAL", "while true do end", "0"});
        } catch (const std::runtime_error&) {
        }
    }};
    run([&]() -> asio::awaitable<void> {
        for (;;) {  // until the script is running
            const auto ping = co_await redis.exec(request{"GET", "k"}, exec_options{30ms});
            if (!ping.has_value()) break;
        }
        // The last try may be on its way when the time is up, so the first call need not end with the server's words.
        for (const auto until = std::chrono::steady_clock::now() + 30s;;) {
            const auto busy = co_await redis.exec(request{"SET", "k", "v"}, exec_options{200ms});
            EXPECT_FALSE(busy.has_value());
            if (busy.has_value() || busy.error().prefix() == "BUSY") break;
            EXPECT_EQ(busy.error().code, errc::timed_out);
            EXPECT_LT(std::chrono::steady_clock::now(), until) << "BUSY was never seen";
            if (std::chrono::steady_clock::now() >= until) break;
        }
        co_await redis.exec(request{"SCRIPT KILL"});
        const auto after = co_await redis.exec(request{"SET", "k", "v"});
        EXPECT_TRUE(after.has_value());
    });
    script.join();
}

TEST_F(server_states_test, OOM_is_reported_and_deleting_still_works)
{
    server.command({"SET", "k", "v"});
    server.command({"CONFIG", "SET", "maxmemory", "1"});
    run([&]() -> asio::awaitable<void> {
        const auto begin = std::chrono::steady_clock::now();
        const auto full = co_await redis.exec(request{"SET", "l", "v"});
        EXPECT_EQ(full.error().prefix(), "OOM");
        EXPECT_LT(std::chrono::steady_clock::now() - begin, 500ms);  // no retry
        const auto removed = co_await redis.exec<long>(request{"UNLINK", "k"});
        EXPECT_EQ(removed.value(), 1);
    });
}

TEST_F(server_states_test, READONLY_causes_a_reconnect_and_is_reported_if_that_does_not_help)
{
    server.command({"REPLICAOF", "127.0.0.1", "1"});
    run([&]() -> asio::awaitable<void> {
        co_await redis.connect();
        const auto begin = std::chrono::steady_clock::now();
        const auto refused = co_await redis.exec(request{"SET", "k", "v"});
        EXPECT_EQ(refused.error().prefix(), "READONLY");
        EXPECT_LT(std::chrono::steady_clock::now() - begin, 1s);
        const auto read = co_await redis.exec<std::optional<std::string>>(request{"GET", "k"});
        EXPECT_TRUE(read.has_value());
    });
}

// ioredis #965: READONLY inside MULTI.
TEST_F(server_states_test, T5_READONLY_inside_a_transaction_aborts_it_as_a_whole)
{
    server.command({"REPLICAOF", "127.0.0.1", "1"});
    run([&]() -> asio::awaitable<void> {
        request both{"INCR", "a"};
        both.add("INCR", "b");
        const auto refused = co_await redis.transaction<long, long>(std::move(both));
        EXPECT_EQ(refused.error().prefix(), "READONLY");
        const auto echo = co_await redis.exec<std::string>(request{"ECHO", "NEXT"});
        EXPECT_EQ(echo.value(), "NEXT");
    });
}

TEST_F(server_states_test, NOREPLICAS_MISCONF_and_NOPERM_are_reported_at_once)
{
    server.command({"CONFIG", "SET", "min-replicas-to-write", "1"});
    run([&]() -> asio::awaitable<void> {
        const auto refused = co_await redis.exec(request{"SET", "k", "v"});
        EXPECT_EQ(refused.error().prefix(), "NOREPLICAS");
    });
    scripted_server odd{[](const scripted_server::command& c, std::size_t) -> std::string {
        return c[0] == "SET" ? "-MISCONF Redis is configured to save RDB snapshots\r\n"
                             : scripted_server::default_reply(c);
    }};
    client misconfigured{io, to("redis://127.0.0.1:" + std::to_string(odd.port()))};
    run([&]() -> asio::awaitable<void> {
        const auto refused = co_await misconfigured.exec(request{"SET", "k", "v"});
        EXPECT_EQ(refused.error().prefix(), "MISCONF");
    });
    EXPECT_EQ(std::ranges::count(odd.commands(), "SET", [](const auto& c) { return c[0]; }), 1);
}

TEST_F(server_states_test, temporary_refusals_are_retried_until_they_end)
{
    for (const auto* mood : {"LOADING", "BUSY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN"}) {
        std::atomic<int> refusals = 3;
        scripted_server moody{[&](const scripted_server::command& c, std::size_t) -> std::string {
            if (c[0] == "INCR") return refusals-- > 0 ? "-" + std::string{mood} + " not now\r\n" : ":1\r\n";
            return scripted_server::default_reply(c);
        }};
        client patient{io, to("redis://127.0.0.1:" + std::to_string(moody.port()))};
        run([&]() -> asio::awaitable<void> {
            const auto one = co_await patient.exec<long>(request{"INCR", "n"});
            EXPECT_EQ(one.value(), 1) << mood;
        });
    }
}

TEST_F(server_states_test, retries_have_a_budget)
{
    std::atomic<int> seen = 0;
    scripted_server moody{[&](const scripted_server::command& c, std::size_t) -> std::string {
        if (c[0] != "GET") return scripted_server::default_reply(c);
        ++seen;
        return "-LOADING always\r\n";
    }};
    client patient{io, to("redis://127.0.0.1:" + std::to_string(moody.port()))};
    run([&]() -> asio::awaitable<void> {
        for (int i = 0; i < 200; ++i) {
            const auto never = co_await patient.exec(request{"GET", "k"}, exec_options{50ms});
            EXPECT_FALSE(never.has_value());
        }
    });
    // Ten at the beginning, and one for every ten commands.
    EXPECT_LE(seen, 200 + 10 + 20 + 1);
}

TEST_F(server_states_test, too_many_clients_is_reported)
{
    server.command({"CONFIG", "SET", "maxclients", "1"});
    run([&]() -> asio::awaitable<void> { co_await redis.connect(); });
    client second{io, to(server)};
    run([&]() -> asio::awaitable<void> {
        const auto refused = co_await second.exec(request{"PING"}, exec_options{300ms});
        EXPECT_EQ(refused.error().outcome, outcome::not_sent);
        EXPECT_THAT(refused.error().message, ::testing::HasSubstr("max number of clients"));
    });
}

// OpenAI, October 2023: a path that needed Redis failed where a fallback would have done.
TEST_F(server_states_test, T23_a_dead_server_leads_to_the_fallback_within_its_time)
{
    server.crash();
    run([&]() -> asio::awaitable<void> {
        for (int i = 0; i < 10; ++i) {
            const auto begin = std::chrono::steady_clock::now();
            auto read = [&] { return redis.exec<std::string>(request{"GET", "session"}, exec_options{40ms}); };
            const auto value = co_await redis.safe("session", read, std::string{"from the database"});
            EXPECT_EQ(value, "from the database");
            EXPECT_LT(std::chrono::steady_clock::now() - begin, 140ms);
        }
    });
}

TEST_F(server_states_test, the_command_table_agrees_with_the_server)
{
    using info = std::tuple<std::string, long, std::vector<std::string>, long, long, long>;
    std::vector<std::string> of_the_connection;  // commands and subcommands of the category @connection
    const auto categories = [&](const resp::value& c) {
        std::vector<std::string> found;
        decode(c.child(6), found);
        if (std::ranges::find(found, "@connection") != found.end()) of_the_connection.emplace_back(c.child(0).text());
    };
    std::map<std::string, info> commands;
    const auto collect = [&](std::uint32_t, const resp::value& reply) {
        for (const auto& c : reply) {
            info i;
            std::get<0>(i) = c.child(0).text();
            decode(c.child(2), std::get<2>(i));
            std::get<3>(i) = c.child(3).integer().value_or(-1);
            commands.emplace(std::get<0>(i), i);
            categories(c);
            for (const auto& sub : c.child(9)) categories(sub);
        }
    };
    run([&]() -> asio::awaitable<void> {
        const auto done = co_await redis.visit(request{"COMMAND"}, collect);
        EXPECT_TRUE(done.has_value());
    });
    EXPECT_GT(commands.size(), 200U);
    for (const auto& [name, i] : commands) {
        const auto has = [&](const char* flag) {
            return std::ranges::find(std::get<2>(i), flag) != std::get<2>(i).end();
        };
        const auto ours = find_command(name);
        EXPECT_EQ(ours.read, has("readonly")) << name;
        EXPECT_FALSE(ours.idempotent && !ours.read && has("write") && name.starts_with("incr")) << name;
        EXPECT_TRUE(ours.blocking || !has("blocking") || name.starts_with("xread")) << name;
        if (has("movablekeys") || std::get<3>(i) == 0) continue;
        const auto position = ours.key == key_position::first    ? 1
                              : ours.key == key_position::second ? 2
                              : ours.key == key_position::third  ? 3
                                                                 : 0;
        EXPECT_EQ(position, std::get<3>(i)) << name;
    }
    // The connection commands that leave the connection as it is. All others are kept off the shared connection.
    const std::set<std::string> harmless{"ping",
                                         "echo",
                                         "command",
                                         "client",
                                         "client|id",
                                         "client|info",
                                         "client|list",
                                         "client|getname",
                                         "client|kill",
                                         "client|pause",
                                         "client|unpause",
                                         "client|help",
                                         "client|getredir",
                                         "client|trackinginfo",
                                         "client|unblock",
                                         "command|count",
                                         "command|docs",
                                         "command|getkeys",
                                         "command|getkeysandflags",
                                         "command|help",
                                         "command|info",
                                         "command|list"};
    EXPECT_GT(of_the_connection.size(), 20U);
    for (auto name : of_the_connection) {
        if (harmless.contains(name)) continue;
        std::ranges::replace(name, '|', ' ');
        EXPECT_NE(request{name}.connection_bound(), "") << name;
    }
}

}  // namespace
}  // namespace larder::redis
