// SPDX-License-Identifier: MIT
// Tests the handshake: logins, proxies that do not know HELLO, how often the client reconnects to a server that hangs
// up, and TLS certificates that are renewed.
#include <filesystem>
#include <fstream>
#include <larder/testing/scripted_server.hpp>

#include "loop_fixture.hpp"

namespace larder::redis {
namespace {

using words = testing::scripted_server::command;
using testing::scripted_server;

class handshake_test : public loop_test {
 protected:
    static options to_script(const scripted_server& s, const std::string& login = {})
    {
        return to("redis://" + login + "127.0.0.1:" + std::to_string(s.port()));
    }
    /// Returns the reply, or the message of the error.
    std::string reply_text(client& redis, request what, exec_options o = {})
    {
        std::string out;
        run([&]() -> asio::awaitable<void> {
            const auto answer = co_await redis.exec<std::string>(std::move(what), o);
            out = answer ? *answer : answer.error().message;
        });
        return out;
    }
};

TEST_F(handshake_test, a_user_with_an_empty_password_logs_in)
{
    auto& server = testing_server::shared();
    server.command({"ACL", "SETUSER", "eve", "on", "nopass", "~*", "&*", "+@all"});
    for (const auto* login : {"eve@", "eve:@"}) {
        client redis{io, to("redis://" + std::string{login} + "127.0.0.1:" + std::to_string(server.port()))};
        EXPECT_EQ(reply_text(redis, request{"ACL WHOAMI"}), "eve") << login;
    }
    server.command({"ACL", "DELUSER", "eve"});
}

// Redis 5 and older have only one user, and their AUTH takes only the password.
TEST_F(handshake_test, without_HELLO_AUTH_names_every_user_but_the_default_one)
{
    struct row {
        std::string login;
        words expected;
    };
    for (const auto& [login, expected] :
         {row{"eve@", {"AUTH", "eve", ""}}, row{"eve:pw@", {"AUTH", "eve", "pw"}}, row{"default:pw@", {"AUTH", "pw"}},
          row{":pw@", {"AUTH", "pw"}}, row{"default@", {"PING"}}, row{"", {"PING"}}}) {
        scripted_server old{[](const words& c, std::size_t) {
            return c[0] == "HELLO" ? std::string{"-ERR unknown command `HELLO`\r\n"}
                                   : scripted_server::default_reply(c);
        }};
        client redis{io, to_script(old, login)};
        EXPECT_EQ(reply_text(redis, request{"PING"}), "PONG");
        EXPECT_EQ(old.commands().at(1), expected) << login;
    }
}

TEST_F(handshake_test, a_wrong_password_ends_every_wait_at_once_and_is_in_no_message)
{
    auto& server = testing_server::shared();
    server.command({"ACL", "SETUSER", "ann", "on", ">right", "~*", "&*", "+@all"});
    client redis{io, to("redis://ann:wrong@127.0.0.1:" + std::to_string(server.port()))};
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_THAT(reply_text(redis, request{"BLPOP", "q", 0}), ::testing::StartsWith("WRONGPASS"));
    EXPECT_THAT(reply_text(redis, request{"GET", "k"}, {20'000ms}), ::testing::StartsWith("WRONGPASS"));
    run([&]() -> asio::awaitable<void> {
        const auto connected = co_await redis.connect();
        EXPECT_THAT(connected.error().message, ::testing::StartsWith("WRONGPASS"));
    });
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
    server.command({"ACL", "DELUSER", "ann"});
    // Redis before 7.0 and many proxies repeat the command that they do not understand.
    scripted_server parrot{[](const words& c, std::size_t) {
        return "-ERR unknown command `" + c[0] + "`, with args beginning with: `" + c.back() + "`\r\n";
    }};
    client parroted{io, to_script(parrot, ":hunter2@")};
    EXPECT_EQ(reply_text(parroted, request{"PING"}), "ERR unknown command `AUTH`, with args beginning with: `***`");
}

TEST_F(handshake_test, a_server_that_closes_after_the_handshake_is_retried_with_growing_pauses)
{
    scripted_server fickle{[](const words& c, std::size_t) { return scripted_server::default_reply(c) + "close"; }};
    client redis{io, to_script(fickle)};
    const auto begin = std::chrono::steady_clock::now();
    run([&]() -> asio::awaitable<void> { co_await redis.connect(); });
    run_until([&] { return fickle.connections() >= 14; });
    // The pauses before the last seven attempts are 0 to 500 ms each. Without them this takes a few milliseconds.
    EXPECT_GT(std::chrono::steady_clock::now() - begin, 300ms);
}

TEST_F(handshake_test, a_lost_connection_that_had_delivered_replies_is_replaced_at_once)
{
    std::atomic<bool> hangs_up = true;
    scripted_server server{[&](const words& c, std::size_t) {
        return scripted_server::default_reply(c) + (hangs_up || c[0] == "LAST" ? "close" : "");
    }};
    auto o = to_script(server);
    o.time.backoff_cap = 3'600'000ms;  // so long that this test could not wait for any pause of it
    client redis{io, o};
    run([&]() -> asio::awaitable<void> { co_await redis.connect(); });
    run_until([&] { return server.connections() >= 5; });
    hangs_up = false;
    EXPECT_EQ(reply_text(redis, request{"PING"}, {30'000ms}), "PONG");
    const auto before = server.connections();
    for (std::size_t i = 1; i <= 20; ++i) {
        reply_text(redis, request{"LAST"});
        // A command that is sent before the client has noticed the end of the connection fails.
        run_until([&] { return server.connections() == before + i; });
        EXPECT_EQ(reply_text(redis, request{"PING"}, {5'000ms}), "PONG");
        EXPECT_EQ(server.connections(), before + i);
    }
}

// twemproxy, Envoy and others close the connection when they receive a command that they do not know.
TEST_F(handshake_test, a_proxy_that_closes_at_HELLO_is_used_with_RESP2)
{
    scripted_server proxy{[](const words& c, std::size_t n) -> std::string {
        if (c[0] == "HELLO" || (c[0] == "LAST" && n < 3)) return "close";
        return c[0] == "AUTH" ? "+OK\r\n" : scripted_server::default_reply(c);
    }};
    client redis{io, to_script(proxy, ":pw@")};
    EXPECT_EQ(reply_text(redis, request{"PING"}), "PONG");
    run([&]() -> asio::awaitable<void> {
        const auto state = co_await redis.state();
        EXPECT_FALSE(state.resp3);
    });
    // Once the client knows this, it does not sacrifice another connection to find it out again.
    reply_text(redis, request{"LAST"});
    const auto before = proxy.connections();
    EXPECT_EQ(reply_text(redis, request{"PING"}), "PONG");
    EXPECT_LE(proxy.connections(), before + 1);
    EXPECT_EQ(std::ranges::count(proxy.commands(), "HELLO", [](const auto& c) { return c[0]; }), 2);
}

// HAProxy, Docker and others accept connections and close them while the server behind them is down.
TEST_F(handshake_test, a_server_that_was_unreachable_for_a_while_is_used_with_RESP3_again)
{
    for (const std::size_t away : {1U, 2U, 3U, 4U, 5U}) {
        scripted_server server{[&](const words& c, std::size_t n) {
            return n < away ? std::string{"close"} : scripted_server::default_reply(c);
        }};
        client redis{io, to_script(server)};
        EXPECT_EQ(reply_text(redis, request{"PING"}), "PONG");
        run([&]() -> asio::awaitable<void> {
            const auto state = co_await redis.state();
            EXPECT_TRUE(state.resp3) << away;
        });
    }
}

TEST_F(handshake_test, certificates_that_were_renewed_on_disk_are_used_by_new_connections)
{
    const testing_server server{{.arguments = {"--tls-auth-clients", "yes"}, .tls = true, .appendonly = false}};
    const larder::testing::temporary_folder folder;
    const auto put = [&](const std::string& from, const std::string& to) {
        std::filesystem::copy_file(server.file(from), folder.path() / to,
                                   std::filesystem::copy_options::overwrite_existing);
    };
    const auto file = [&](const std::string& name) { return (folder.path() / name).string(); };
    put("other_ca.crt", "ca.pem");
    put("other_ca.crt", "cert.pem");
    put("other_ca.key", "key.pem");
    client redis{io,
                 to(server.url() + "?ca=" + file("ca.pem") + "&cert=" + file("cert.pem") + "&key=" + file("key.pem"))};
    std::vector<std::string> reported;
    redis.on_failure(
        [&](std::string_view name, const error& e) { reported.push_back(std::string{name} + ": " + e.message); });
    EXPECT_THAT(reply_text(redis, request{"PING"}, {300ms}), ::testing::HasSubstr("certificate is not trusted"));
    put("ca.crt", "ca.pem");
    EXPECT_NE(reply_text(redis, request{"PING"}, {300ms}), "PONG");  // now the server does not trust the client
    put("client.crt", "cert.pem");
    put("client.key", "key.pem");
    // Callers are refused at once while the server shows no sign of life.
    const auto until_it_replies = [&] {
        const auto begin = std::chrono::steady_clock::now();
        std::string last;
        while (last != "PONG" && std::chrono::steady_clock::now() - begin < 20s)
            last = reply_text(redis, request{"PING"}, {500ms});
        EXPECT_EQ(last, "PONG");
    };
    until_it_replies();

    // New files that cannot be used: half written, of different pairs, missing.
    const auto reconnect = [&] {
        reply_text(redis, request{"CLIENT KILL", "TYPE", "normal", "SKIPME", "no"});
        until_it_replies();
    };
    const auto problem = [&] {
        std::string out;
        run([&]() -> asio::awaitable<void> {
            const auto state = co_await redis.state();
            out = state.tls_problem;
        });
        return out;
    };
    reported.clear();
    std::filesystem::resize_file(file("cert.pem"), 100);
    reconnect();
    reconnect();
    EXPECT_THAT(problem(), ::testing::StartsWith("cert " + file("cert.pem") + ": "));
    EXPECT_THAT(reported, ::testing::ElementsAre("tls: " + problem() + "; the files read before stay in use"));
    put("client.crt", "cert.pem");
    put("other_ca.key", "key.pem");
    reconnect();
    EXPECT_THAT(problem(), ::testing::StartsWith("key " + file("key.pem") + ": "));
    std::filesystem::remove(file("ca.pem"));
    reconnect();
    EXPECT_THAT(problem(), ::testing::StartsWith("ca " + file("ca.pem") + ": "));
    put("ca.crt", "ca.pem");
    put("client.key", "key.pem");
    reconnect();
    EXPECT_EQ(problem(), "");
    EXPECT_EQ(reported.size(), 3U);
}

}  // namespace
}  // namespace larder::redis
