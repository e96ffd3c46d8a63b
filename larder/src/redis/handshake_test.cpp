// SPDX-License-Identifier: MIT
// The first words on a connection: who logs in, what is said to proxies that know no HELLO, how often a server that
// hangs up is dialed, and which certificates are shown.
#include <filesystem>
#include <fstream>
#include <larder/testing/scripted_server.hpp>

#include "loop_fixture.hpp"

namespace larder::redis {
namespace {

using command = testing::scripted_server::command;
using testing::scripted_server;

class handshake_test : public loop_test {
 protected:
    static options to_script(const scripted_server& s, const std::string& login = {})
    {
        return to("redis://" + login + "127.0.0.1:" + std::to_string(s.port()));
    }
    /// The one reply, or the error's text.
    std::string ask(client& redis, request what, exec_options o = {})
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
        EXPECT_EQ(ask(redis, request{"ACL WHOAMI"}), "eve") << login;
    }
    server.command({"ACL", "DELUSER", "eve"});
}

// Redis 5 and older have one user, whose AUTH takes the password alone.
TEST_F(handshake_test, without_HELLO_only_other_users_than_the_default_one_are_named)
{
    struct row {
        std::string login;
        command said;
    };
    for (const auto& [login, said] :
         {row{"eve@", {"AUTH", "eve", ""}}, row{"eve:pw@", {"AUTH", "eve", "pw"}}, row{"default:pw@", {"AUTH", "pw"}},
          row{":pw@", {"AUTH", "pw"}}, row{"default@", {"PING"}}, row{"", {"PING"}}}) {
        scripted_server old{[](const command& c, std::size_t) {
            return c[0] == "HELLO" ? std::string{"-ERR unknown command `HELLO`\r\n"} : scripted_server::greet(c);
        }};
        client redis{io, to_script(old, login)};
        EXPECT_EQ(ask(redis, request{"PING"}), "PONG");
        EXPECT_EQ(old.commands().at(1), said) << login;
    }
}

TEST_F(handshake_test, a_wrong_password_ends_every_wait_at_once_and_is_never_repeated)
{
    auto& server = testing_server::shared();
    server.command({"ACL", "SETUSER", "ann", "on", ">right", "~*", "&*", "+@all"});
    client redis{io, to("redis://ann:wrong@127.0.0.1:" + std::to_string(server.port()))};
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_THAT(ask(redis, request{"BLPOP", "q", 0}), ::testing::StartsWith("WRONGPASS"));
    EXPECT_THAT(ask(redis, request{"GET", "k"}, {20'000ms}), ::testing::StartsWith("WRONGPASS"));
    run([&]() -> asio::awaitable<void> {
        const auto connected = co_await redis.connect();
        EXPECT_THAT(connected.error().message, ::testing::StartsWith("WRONGPASS"));
    });
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
    server.command({"ACL", "DELUSER", "ann"});
    // Redis before 7.0 and many proxies repeat what they do not understand.
    scripted_server parrot{[](const command& c, std::size_t) {
        return "-ERR unknown command `" + c[0] + "`, with args beginning with: `" + c.back() + "`\r\n";
    }};
    client parroted{io, to_script(parrot, ":hunter2@")};
    EXPECT_EQ(ask(parroted, request{"PING"}), "ERR unknown command `AUTH`, with args beginning with: `***`");
}

}  // namespace
}  // namespace larder::redis
