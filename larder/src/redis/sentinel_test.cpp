// SPDX-License-Identifier: MIT
// Tests masters that are found by Sentinel: failovers, outdated Sentinels, servers that deny ROLE.
#include <larder/testing/fault_proxy.hpp>
#include <larder/testing/redis_groups.hpp>
#include <larder/testing/scripted_server.hpp>

#include "loop_fixture.hpp"

namespace larder::redis {
namespace {

using testing::scripted_server;
using testing::sentinel_group;

class sentinel_test : public loop_test {
 protected:
    sentinel_group group;
};

TEST_F(sentinel_test, the_master_is_found_and_followed)
{
    client redis{io, to(group.url())};
    run([&]() -> asio::awaitable<void> {
        const auto set = co_await redis.exec(request{"SET", "k", "1"});
        EXPECT_TRUE(set.has_value()) << set.error().message;
        const auto state = co_await redis.state();
        EXPECT_EQ(state.server, "127.0.0.1:" + std::to_string(group.master().port()));
    });
    group.fail_over();
    run([&]() -> asio::awaitable<void> {
        // The old master refuses writes (READONLY) or has closed the connection. Both lead to the new one.
        const auto set = co_await redis.exec(request{"SET", "k", "2"});
        EXPECT_TRUE(set.has_value()) << set.error().message;
        EXPECT_EQ(group.master().command({"GET", "k"}), "2");
    });
    // A dead master: the Sentinels need a second to agree, and the client needs no longer.
    group.master().crash();
    run([&]() -> asio::awaitable<void> {
        const auto begin = std::chrono::steady_clock::now();
        for (;;) {
            const auto set = co_await redis.exec(request{"SET", "k", "3"}, exec_options{500ms});
            if (set.has_value()) break;
            EXPECT_LT(std::chrono::steady_clock::now() - begin, 30s);
            co_await sleep_for(20ms);
        }
    });
    // The Sentinel that the test queries may learn of it a little later.
    testing::wait_for("the Sentinel names the new master", [&] {
        try {
            return group.master().command({"GET", "k"}) == "3";
        } catch (const std::runtime_error&) {
            return false;
        }
    });
}

// redis-py #460, node-redis #627: READONLY for ever, because the connection to the old master was kept.
TEST_F(sentinel_test, T15_a_master_that_was_demoted_silently_is_replaced)
{
    client redis{io, to(group.url())};
    run([&]() -> asio::awaitable<void> { co_await redis.connect(); });
    auto& old = group.master();
    // Demoted by hand, so that no server closes its connections.
    old.command({"REPLICAOF", "127.0.0.1", std::to_string(group.servers()[1]->port())});
    group.fail_over();
    run([&]() -> asio::awaitable<void> {
        const auto begin = std::chrono::steady_clock::now();
        for (;;) {
            const auto set = co_await redis.exec(request{"SET", "k", "v"});
            if (set.has_value()) break;
            EXPECT_LT(std::chrono::steady_clock::now() - begin, 20s);
        }
    });
    EXPECT_EQ(group.master().command({"GET", "k"}), "v");
}

TEST_F(sentinel_test, an_unknown_master_is_a_clear_error)
{
    auto o = to(group.url());
    o.master = "other";
    client redis{io, o};
    run([&]() -> asio::awaitable<void> {
        const auto set = co_await redis.exec(request{"SET", "k", "1"}, exec_options{300ms});
        EXPECT_EQ(set.error().outcome, outcome::not_sent);
        EXPECT_THAT(set.error().message, ::testing::HasSubstr("no Sentinel knows a master named other"));
    });
}

TEST_F(sentinel_test, a_password_that_the_Sentinels_refuse_ends_every_wait_at_once)
{
    scripted_server strict{[](const scripted_server::command&, std::size_t) -> std::string {
        return "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
    }};
    auto o = to("redis-sentinel://127.0.0.1:" + std::to_string(strict.port()) + "/mymaster");
    o.sentinel_login.password = "wrong";
    client redis{io, o};
    run([&]() -> asio::awaitable<void> {
        const auto begin = std::chrono::steady_clock::now();
        const auto set = co_await redis.exec(request{"SET", "k", "1"}, exec_options{20'000ms});
        EXPECT_EQ(set.error().code, errc::refused);
        EXPECT_THAT(set.error().message, ::testing::HasSubstr("says: WRONGPASS"));
        EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
    });
}

/// A Sentinel that always names this port.
std::unique_ptr<scripted_server> sentinel_that_names(unsigned port)
{
    return std::make_unique<scripted_server>(
        [text = std::to_string(port)](const scripted_server::command& c, std::size_t) -> std::string {
            if (c[0] != "SENTINEL") return scripted_server::default_reply(c);
            if (c[1] == "sentinels") return "*0\r\n";
            return "*2\r\n$9\r\n127.0.0.1\r\n$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
        });
}
std::string url_of(std::initializer_list<unsigned> sentinels)
{
    std::string out = "redis-sentinel://";
    for (const auto port : sentinels) out += (out.ends_with('/') ? "127.0.0.1:" : ",127.0.0.1:") + std::to_string(port);
    return out + "/mymaster";
}

class odd_sentinels_test : public loop_test {
 protected:
    void make_replica() { replica.command({"REPLICAOF", "127.0.0.1", std::to_string(master.port())}); }
    /// Adds a user who may run every command except ROLE.
    static void deny_role(const testing_server& s)
    {
        s.command({"ACL", "SETUSER", "app", "on", ">pw", "~*", "&*", "+@all", "-role"});
    }
    void expect_master(client& redis)
    {
        run([&]() -> asio::awaitable<void> {
            const auto begin = std::chrono::steady_clock::now();
            for (;;) {
                const auto set = co_await redis.exec(request{"SET", "k", "v"}, exec_options{2000ms});
                if (set) break;
                EXPECT_LT(std::chrono::steady_clock::now() - begin, 20s) << set.error().message;
                co_await sleep_for(1ms);
            }
            const auto state = co_await redis.state();
            EXPECT_EQ(state.server, "127.0.0.1:" + std::to_string(master.port()));
        });
    }
    testing_server master;
    testing_server replica;
};

// ioredis, Lettuce: the first Sentinel that replied was queried for ever, although it named the old master.
TEST_F(odd_sentinels_test, an_outdated_Sentinel_is_not_the_only_one_that_is_queried)
{
    make_replica();
    const auto behind = sentinel_that_names(replica.port());
    const auto right = sentinel_that_names(master.port());
    client redis{io, to(url_of({behind->port(), behind->port(), right->port()}))};
    expect_master(redis);
}

TEST_F(odd_sentinels_test, a_slow_Sentinel_gets_enough_time)
{
    const auto right = sentinel_that_names(master.port());
    testing::fault_proxy far{right->port()};
    far.delay(testing::direction::to_client, 250ms);
    client redis{io, to(url_of({far.port()}))};
    expect_master(redis);
}

TEST_F(odd_sentinels_test, a_server_that_denies_ROLE_has_the_role_of_its_HELLO_reply)
{
    make_replica();
    deny_role(master);
    deny_role(replica);
    const auto behind = sentinel_that_names(replica.port());
    const auto right = sentinel_that_names(master.port());
    auto o = to(url_of({behind->port(), right->port()}));
    o.login = {"app", "pw"};
    client redis{io, o};
    expect_master(redis);
}

// A RESP2 server reports no role in a reply to HELLO, so it is taken for a master until it replies READONLY.
TEST_F(odd_sentinels_test, a_RESP2_server_that_denies_ROLE_is_replaced_when_it_replies_READONLY)
{
    scripted_server old{[](const scripted_server::command& c, std::size_t) -> std::string {
        if (c[0] == "HELLO" || c[0] == "ROLE") return "-ERR unknown command\r\n";
        return c[0] == "SET" ? "-READONLY You can't write against a read only replica.\r\n"
                             : scripted_server::default_reply(c);
    }};
    const auto behind = sentinel_that_names(old.port());
    const auto right = sentinel_that_names(master.port());
    client redis{io, to(url_of({behind->port(), right->port()}))};
    expect_master(redis);
    EXPECT_GT(old.commands().size(), 0U);
}

}  // namespace
}  // namespace larder::redis
