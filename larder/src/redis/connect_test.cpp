// SPDX-License-Identifier: MIT
// Tests URLs, environment variables, TLS, logins and the handshake.
#include <boost/asio/steady_timer.hpp>
#include <larder/testing/fault_proxy.hpp>
#include <larder/testing/scripted_server.hpp>
#include <map>

#include "loop_fixture.hpp"

namespace larder::redis {
namespace {

using testing::scripted_server;

TEST(redis_url, every_part_is_read)
{
    const auto url =
        parse_url("rediss://ann:p%40ss%23@cache.example:7000/3?name=web&ca=/etc/ca.pem&cert=c.pem&key=k.pem");
    ASSERT_TRUE(url.has_value()) << url.error().message;
    EXPECT_EQ(url->login.user, "ann");
    EXPECT_EQ(url->login.password, "p@ss#");
    EXPECT_EQ(url->addresses, (std::vector<address>{{"cache.example", 7000}}));
    EXPECT_EQ(url->database, 3);
    EXPECT_TRUE(url->tls.enabled);
    EXPECT_EQ(url->tls.ca, "/etc/ca.pem");
    EXPECT_EQ(url->name, "web");
    EXPECT_EQ(redacted(*url), "rediss://ann:***@cache.example:7000/3");

    const auto unix_socket = parse_url("unix:///run/re%20dis.sock?db=2");
    EXPECT_EQ(unix_socket->addresses, (std::vector<address>{{"/run/re dis.sock", 0}}));
    EXPECT_EQ(unix_socket->database, 2);
    const auto sentinel = parse_url("redis-sentinel://:pw@a:1,[::1]:2,c/main/4?sentinel_password=s&tls=yes");
    EXPECT_EQ(sentinel->addresses, (std::vector<address>{{"a", 1}, {"::1", 2}, {"c", 26379}}));
    EXPECT_EQ(sentinel->master, "main");
    EXPECT_EQ(sentinel->database, 4);
    EXPECT_EQ(sentinel->sentinel_login.password, "s");
    EXPECT_TRUE(sentinel->tls.enabled);
    EXPECT_EQ(redacted(*sentinel), "redis-sentinel://:***@a:1,[::1]:2,c:26379/main/4");
    const auto cluster = parse_url("redis-cluster://a,b:7001");
    EXPECT_EQ(cluster->addresses, (std::vector<address>{{"a", 6379}, {"b", 7001}}));
    EXPECT_EQ(parse_url("redis://h")->addresses, (std::vector<address>{{"h", 6379}}));
    EXPECT_EQ(parse_url("https://:tok@eu.upstash.io")->login.password, "tok");
}

TEST(redis_url, a_problem_is_described_in_one_line_without_the_password)
{
    const std::map<std::string, std::string> wrong{
        {"localhost:6379", "the scheme must be"},
        {"http+redis://h", "the scheme must be"},
        {"redis://:pa#ss@h", "percent-encode it as %23"},
        {"redis://:secret@", "the host is missing"},
        {"redis://", "the host is missing"},
        {"redis://h:0", "the port '0'"},
        {"redis://h:70000", "the port '70000'"},
        {"redis://:secret@h:port", "are invalid"},
        {"redis://h/x", "the database 'x'"},
        {"redis://h/-1", "the database '-1'"},
        {"redis://a,b", "several hosts need"},
        {"redis-sentinel://a", "the master's name is missing"},
        {"redis-cluster://a/1", "a cluster has only database 0"},
        {"redis://u:%zz@h", "the password is not percent-encoded"},
        {"unix://?db=1", "the path of the socket is missing"},
        {"redis://h?timeout=1", "there is no parameter 'timeout'"},
        {"redis://h?tls=maybe", "tls must be yes or no"},
    };
    for (const auto& [url, words] : wrong) {
        const auto parsed = parse_url(url);
        ASSERT_FALSE(parsed.has_value()) << url;
        EXPECT_THAT(parsed.error().message, ::testing::HasSubstr(words)) << url;
        EXPECT_THAT(parsed.error().message, ::testing::Not(::testing::HasSubstr("secret"))) << url;
        EXPECT_EQ(parsed.error().message.find('\n'), std::string::npos);
    }
}

TEST(redis_environment, the_first_that_is_set_wins)
{
    std::map<std::string, std::string> set;
    const auto found = [&] { return from_environment([&](const char* name) { return set[name]; }); };
    EXPECT_FALSE(found().value().has_value());
    set["REDIS_HOST"] = "h";
    set["REDIS_PORT"] = "7000";
    set["REDIS_DB"] = "2";
    set["REDIS_PASSWORD"] = "p#";
    EXPECT_EQ(found().value()->addresses, (std::vector<address>{{"h", 7000}}));
    EXPECT_EQ(found().value()->database, 2);
    EXPECT_EQ(found().value()->login.password, "p#");
    set["REDIS_PORT"] = "x";
    EXPECT_THAT(found().error().message, ::testing::StartsWith("REDIS_PORT: "));
    set["UPSTASH_REDIS_REST_URL"] = "https://eu.upstash.io";
    EXPECT_THAT(found().error().message, ::testing::StartsWith("UPSTASH_REDIS_REST_TOKEN: "));
    set["UPSTASH_REDIS_REST_TOKEN"] = "t";
    EXPECT_EQ(found().value()->kind, deployment::rest);
    set["REDIS_PRIVATE_URL"] = "redis://private";
    EXPECT_EQ(found().value()->addresses[0].host, "private");
    set["REDIS_URL"] = "nonsense";
    EXPECT_THAT(found().error().message, ::testing::StartsWith("REDIS_URL: "));
}

TEST(redis_environment, a_port_or_a_database_without_a_host_means_localhost)
{
    struct row {
        std::map<std::string, std::string> set;
        std::vector<address> found;  ///< empty: no Redis is configured
    };
    const row rows[] = {
        {{{"REDIS_PORT", "7000"}}, {{"localhost", 7000}}},
        {{{"REDIS_DB", "3"}}, {{"localhost", 6379}}},
        {{{"REDIS_PASSWORD", "p"}}, {}},
        {{{"REDIS_PORT", "tcp://10.0.0.1:6379"}}, {}},  // set by Kubernetes
        {{{"REDIS_PORT", "tcp://10.0.0.1:6379"}, {"REDIS_HOST", "h"}}, {{"h", 6379}}},
    };
    for (const auto& [set, expected] : rows) {
        const auto found = from_environment([&](const char* name) {
            const auto it = set.find(name);
            return it == set.end() ? std::string{} : it->second;
        });
        ASSERT_TRUE(found.has_value()) << set.begin()->first << ": " << found.error().message;
        EXPECT_EQ(*found ? (*found)->addresses : std::vector<address>{}, expected) << set.begin()->first;
    }
}

class connect_test : public loop_test {
 protected:
    /// Sends a PING. Returns its error, or one with outcome ok if it succeeded.
    error ping(const options& o, exec_options call = {500ms})
    {
        error out{outcome::ok, {}, {}};
        client redis{io, o};
        run([&]() -> asio::awaitable<void> {
            const auto pong = co_await redis.exec<std::string>(request{"PING"}, call);
            if (!pong) out = pong.error();
            facts = co_await redis.state();
            co_await redis.disconnect();
        });
        return out;
    }
    client_state facts;
};

TEST_F(connect_test, a_unix_socket)
{
    EXPECT_EQ(ping(to("unix://" + testing_server::shared().socket().string())).outcome, outcome::ok);
    EXPECT_TRUE(facts.resp3);
    EXPECT_EQ(facts.version.substr(0, 2), "7.");
}

TEST_F(connect_test, tls_is_verified_and_a_client_may_show_its_certificate)
{
    const testing_server server{{.arguments = {"--tls-auth-clients", "yes"}, .tls = true, .appendonly = false}};
    const auto good = "?ca=" + server.file("ca.crt").string();
    const auto certified =
        good + "&cert=" + server.file("client.crt").string() + "&key=" + server.file("client.key").string();
    EXPECT_EQ(ping(to(server.url() + certified)).outcome, outcome::ok);
    EXPECT_THAT(facts.tls, ::testing::HasSubstr("TLSv1.3"));
    // Values that are larger than a TLS record, in both directions.
    client redis{io, to(server.url() + certified)};
    run([&]() -> asio::awaitable<void> {
        const std::string large(3'000'000, 'x');
        co_await redis.exec(request{"SET", "large", large});
        const auto back = co_await redis.exec<std::string>(request{"GET", "large"});
        EXPECT_EQ(back.value(), large);
    });
    const auto untrusted = ping(to(server.url() + "?ca=" + server.file("other_ca.crt").string()));
    EXPECT_EQ(untrusted.outcome, outcome::not_sent);
    EXPECT_THAT(untrusted.message, ::testing::HasSubstr("the server's certificate is not trusted"));
    const auto no_certificate = ping(to(server.url() + good));
    EXPECT_EQ(no_certificate.outcome, outcome::not_sent);
    // The certificate is for 127.0.0.1 and localhost, not for this address.
    auto other_name = to(server.url() + certified);
    other_name.addresses[0].host = "127.0.0.2";
    EXPECT_NE(ping(other_name).outcome, outcome::ok);
    EXPECT_THROW(client(io, to(server.url() + "?ca=/no/such/file")), boost::system::system_error);
}

TEST_F(connect_test, wrong_credentials_fail_at_once_and_are_rarely_retried)
{
    auto& server = testing_server::shared();
    server.command({"ACL", "SETUSER", "ann", "on", ">right", "~*", "&*", "+@all"});
    EXPECT_EQ(ping(to("redis://ann:right@127.0.0.1:" + std::to_string(server.port()))).outcome, outcome::ok);
    const auto connected = [&] { return server.command({"INFO", "stats"}); };
    server.command({"CONFIG", "RESETSTAT"});
    client wrong{io, to("redis://ann:wrong@127.0.0.1:" + std::to_string(server.port()))};
    run([&]() -> asio::awaitable<void> {
        const auto begin = std::chrono::steady_clock::now();
        for (int i = 0; i < 20; ++i) {
            const auto refused = co_await wrong.exec(request{"PING"});
            EXPECT_EQ(refused.error().outcome, outcome::not_sent);
            EXPECT_THAT(refused.error().message, ::testing::StartsWith("WRONGPASS"));
            co_await sleep_for(20ms);
        }
        EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
    });
    const auto stats = connected();
    const auto at = stats.find("total_connections_received:") + 27;
    EXPECT_LE(std::stoi(stats.substr(at)), 4);  // two of them are made by command()
    const auto wrong_database = ping(to(server.url() + "/99"));
    EXPECT_THAT(wrong_database.message, ::testing::HasSubstr("DB index is out of range"));
    server.command({"ACL", "DELUSER", "ann"});
}

TEST_F(connect_test, a_server_without_HELLO_is_used_with_RESP2)
{
    std::map<std::string, std::string> data;
    scripted_server old{[&](const scripted_server::command& c, std::size_t) -> std::string {
        if (c[0] == "HELLO") return "-ERR unknown command `HELLO`\r\n";
        if (c[0] == "AUTH") return c.back() == "pw" ? "+OK\r\n" : "-ERR invalid password\r\n";
        if (c[0] == "GET") return "$-1\r\n";
        if (c[0] == "HGETALL") return "*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n2\r\n";
        if (c[0] == "ZRANGE") return "*2\r\n$3\r\none\r\n$3\r\n1.5\r\n";
        return "+OK\r\n";
    }};
    client redis{io, to("redis://:pw@127.0.0.1:" + std::to_string(old.port()) + "/1")};
    run([&]() -> asio::awaitable<void> {
        const auto absent = co_await redis.exec<std::optional<std::string>>(request{"GET", "k"});
        EXPECT_EQ(absent.value(), std::nullopt);
        const auto map = co_await redis.exec<std::map<std::string, int>>(request{"HGETALL", "h"});
        EXPECT_EQ(map.value(), (std::map<std::string, int>{{"a", 1}, {"b", 2}}));
        using scores = std::vector<std::pair<std::string, double>>;
        const auto z = co_await redis.exec<scores>(request{"ZRANGE", "z", 0, -1, "WITHSCORES"});
        EXPECT_EQ(z.value(), (scores{{"one", 1.5}}));
        const auto state = co_await redis.state();
        EXPECT_FALSE(state.resp3);
    });
    const auto seen = old.commands();
    EXPECT_EQ(seen[0][0], "HELLO");
    EXPECT_EQ(seen[1], (scripted_server::command{"AUTH", "pw"}));
    EXPECT_EQ(seen[2], (scripted_server::command{"SELECT", "1"}));
}

TEST_F(connect_test, no_user_command_is_sent_before_the_handshake_is_complete)
{
    scripted_server server{[](const scripted_server::command& c, std::size_t) {
        return c[0] == "HELLO" ? "-ERR NOPE\r\n" : c[0] == "SELECT" ? "-ERR DB index is out of range\r\n" : "+OK\r\n";
    }};
    const auto refused = ping(to("redis://127.0.0.1:" + std::to_string(server.port()) + "/5"));
    EXPECT_EQ(refused.outcome, outcome::not_sent);
    for (const auto& c : server.commands()) EXPECT_NE(c[0], "PING");
}

TEST_F(connect_test, an_idle_connection_is_pinged)
{
    testing::fault_proxy proxy{testing_server::shared().port()};
    auto o = to("redis://127.0.0.1:" + std::to_string(proxy.port()));
    o.time.health_check = 50ms;
    o.time.socket = 200ms;
    client redis{io, o};
    run([&]() -> asio::awaitable<void> {
        co_await redis.connect();
        proxy.black_hole(testing::direction::to_server);
        // The broken link is detected although no caller sends a command.
        const auto begin = std::chrono::steady_clock::now();
        for (;;) {
            if (!redis.is_connected()) break;
            co_await sleep_for(5ms);
        }
        EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
        proxy.heal();
        const auto pong = co_await redis.exec(request{"PING"});
        EXPECT_TRUE(pong.has_value());
    });
}

TEST_F(connect_test, a_server_that_cannot_be_reached_is_an_error_with_the_reason)
{
    const auto refused = ping(to("redis://127.0.0.1:" + std::to_string(testing::free_port())));
    EXPECT_EQ(refused.outcome, outcome::not_sent);
    EXPECT_THAT(refused.message, ::testing::HasSubstr("Connection refused"));
    const auto unknown = ping(to("redis://no-such-host.invalid"), {3000ms});
    EXPECT_EQ(unknown.outcome, outcome::not_sent);
    EXPECT_THAT(unknown.message, ::testing::HasSubstr("no-such-host.invalid"));
}

// go-redis #3939: passwords of AUTH appeared in traces.
TEST_F(connect_test, T22_no_text_contains_a_password)
{
    auto& server = testing_server::shared();
    std::string text;
    for (const auto* login : {"default:hunter2", ":hunter2"}) {
        auto o = to(std::string{"redis://"} + login + "@127.0.0.1:" + std::to_string(server.port()));
        text += redacted(o);
        client redis{io, o};
        redis.on_command([&](const command_record& r) { text.append(r.name).append(r.key); });
        run([&]() -> asio::awaitable<void> {
            const auto ping = co_await redis.exec(request{"PING"}, exec_options{200ms});
            if (!ping) text += ping.error().message;
            const auto auth = co_await redis.exec(request{"AUTH", "hunter2"});
            text += auth.error().message;
            const auto state = co_await redis.state();
            text += state.failure.message + state.server;
        });
    }
    EXPECT_THAT(text, ::testing::Not(::testing::HasSubstr("hunter2")));
}

}  // namespace
}  // namespace larder::redis
