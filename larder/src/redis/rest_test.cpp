// SPDX-License-Identifier: MIT
// Tests the REST transport against the server in tests/interop/upstash, which was checked with Upstash's own client.
#include <array>
#include <larder/redis/script.hpp>
#include <larder/redis/subscriber.hpp>
#include <larder/testing/fault_proxy.hpp>
#include <map>

#include "http.hpp"
#include "loop_fixture.hpp"
#include "rest_codec.hpp"

namespace larder::redis {
namespace {

TEST(http_responses, are_read_alike_however_they_are_cut)
{
    const std::string with_length = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Odd: a:B\r\n\r\nhello";
    const std::string chunked =
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        "3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nTrailer: t\r\n\r\n";
    for (const auto& text : {with_length, chunked}) {
        for (std::size_t cut = 0; cut <= text.size(); ++cut) {
            http_response a{100};
            ASSERT_TRUE(a.add(text.substr(0, cut)));
            ASSERT_TRUE(a.add(text.substr(cut)));
            EXPECT_TRUE(a.complete());
            EXPECT_EQ(a.status(), 200);
            EXPECT_EQ(a.body(), "hello");
            EXPECT_EQ(a.keeps_alive(), text == with_length);
        }
    }
}

TEST(http_responses, malformed_and_oversized_responses_are_refused)
{
    for (const auto* text :
         {"HTTP/2 200\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n"}) {
        http_response a{100};
        EXPECT_FALSE(a.add(text)) << text;
    }
}

TEST(rest_calls, carry_odd_bytes_where_the_interface_can)
{
    const auto json = make_rest_call(request{"SET", "k", "ü\r\n\"\x01"});
    EXPECT_EQ(json->path, "/");
    EXPECT_EQ(json->body, R"(["SET","k","ü\r\n\")"
                          "\\u0001\"]");
    const auto binary = make_rest_call(request{"SET", "a b/ü", "\xff"});
    EXPECT_EQ(binary->path, "/SET/a%20b%2F%C3%BC");
    EXPECT_EQ(binary->body, "\xff");
    for (const auto* bad : {"\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80"}) {
        EXPECT_FALSE(make_rest_call(request{"GET", "k"}.add("SET", bad, 1)).has_value());
    }
}

class rest_test : public loop_test {
 protected:
    rest_test() : front{{"/usr/bin/env", "node", UPSTASH_FRONT, std::to_string(server.port()), "secret"}}
    {
        if (!front.wait_for_output("listening on ")) throw std::runtime_error{"no REST server: " + front.output()};
        front.wait_for_output("\n");
        const auto line = front.output();
        port = static_cast<unsigned short>(std::stoi(line.substr(line.find("on ") + 3)));
        server.command({"FLUSHALL"});
    }
    options at(unsigned short p) const { return to("http://:secret@127.0.0.1:" + std::to_string(p)); }

    testing_server server;
    testing::process front;
    unsigned short port = 0;
};

TEST_F(rest_test, commands_pipelines_transactions_and_scripts)
{
    client redis{io, at(port)};
    run([&]() -> asio::awaitable<void> {
        const std::string odd = "a\r\n\xff" + std::string(1, '\0');
        const auto set = co_await redis.exec<bool>(request{"SET", "odd", odd});
        EXPECT_TRUE(set.value());
        const auto get = co_await redis.exec<std::optional<std::string>>(request{"GET", "odd"});
        EXPECT_EQ(get.value(), odd);
        const auto absent = co_await redis.exec<std::optional<std::string>>(request{"GET", "absent"});
        EXPECT_EQ(absent.value(), std::nullopt);
        const auto empty = co_await redis.exec<std::string>(request{"ECHO", ""});
        EXPECT_EQ(empty.value(), "");
        co_await redis.exec(request{"HSET", "h", "f", "1", "g", "2"});
        const auto hash = co_await redis.exec<std::map<std::string, int>>(request{"HGETALL", "h"});
        EXPECT_EQ(hash.value(), (std::map<std::string, int>{{"f", 1}, {"g", 2}}));
        const auto wrong = co_await redis.exec<long>(request{"LLEN", "h"});
        EXPECT_EQ(wrong.error().outcome, outcome::refused);
        EXPECT_EQ(wrong.error().prefix(), "WRONGTYPE");
        request two{"INCR", "n"};
        two.add("LLEN", "h").add("GET", "n");
        const auto piped = co_await redis.pipeline<long, long, std::string>(std::move(two));
        EXPECT_EQ(std::get<0>(piped.value()).value(), 1);
        EXPECT_EQ(std::get<1>(piped.value()).error().prefix(), "WRONGTYPE");
        EXPECT_EQ(std::get<2>(piped.value()).value(), "1");
        request both{"INCR", "n"};
        both.add("GET", "n");
        const auto done = co_await redis.transaction<long, std::string>(std::move(both));
        EXPECT_EQ(std::get<1>(done.value()).value(), "2");
        request bad{"INCR", "n"};
        bad.add("NO_SUCH_COMMAND");
        const auto aborted = co_await redis.transaction<long, void>(std::move(bad));
        EXPECT_EQ(aborted.error().outcome, outcome::refused);
        const script add{"return redis.call('INCRBY', KEYS[1], ARGV[1])"};
        const auto sum = co_await redis.exec<long>(add(std::array{"n"}, 5));
        EXPECT_EQ(sum.value(), 7);
        const auto blocking = co_await redis.exec(request{"BLPOP", "q", 1});
        EXPECT_EQ(blocking.error().outcome, outcome::not_sent);
        const auto state = co_await redis.state();
        EXPECT_TRUE(state.connected);
        subscriber s{redis};
        const auto none = co_await s.subscribe("c");
        EXPECT_EQ(none.error().outcome, outcome::not_sent);
    });
}

TEST_F(rest_test, a_wrong_token_is_refused)
{
    auto o = at(port);
    o.login.password = "wrong";
    client redis{io, o};
    run([&]() -> asio::awaitable<void> {
        const auto get = co_await redis.exec(request{"GET", "k"});
        EXPECT_EQ(get.error().outcome, outcome::refused);
        EXPECT_EQ(get.error().message, "Unauthorized");
    });
}

TEST_F(rest_test, deadlines_hold_and_a_dead_front_is_noticed_and_healed)
{
    testing::fault_proxy proxy{port};
    client redis{io, at(proxy.port())};
    run([&]() -> asio::awaitable<void> {
        const auto set = co_await redis.exec(request{"SET", "k", "v"});
        EXPECT_TRUE(set.has_value());
        proxy.delay(testing::direction::to_client, 300ms);
        const auto begin = std::chrono::steady_clock::now();
        const auto late = co_await redis.exec(request{"INCR", "n"}, exec_options{100ms});
        EXPECT_EQ(late.error().outcome, outcome::unknown);
        EXPECT_LT(std::chrono::steady_clock::now() - begin, 200ms);
        proxy.heal();
        const auto next = co_await redis.exec<std::string>(request{"GET", "k"});
        EXPECT_EQ(next.value(), "v");
        proxy.refuse();
        for (int i = 0; i < 10; ++i) co_await redis.exec(request{"PING"});
        const auto fast = co_await redis.exec(request{"PING"});
        EXPECT_EQ(fast.error().outcome, outcome::not_sent);
        const auto down = co_await redis.state();
        EXPECT_EQ(down.breaker, circuit_breaker::state::open);
        proxy.heal();
        for (;;) {
            const auto back = co_await redis.exec<std::string>(request{"GET", "k"});
            if (back.has_value()) break;
            co_await sleep_for(10ms);
        }
    });
}

TEST_F(rest_test, many_calls_share_few_connections)
{
    testing::fault_proxy proxy{port};
    client redis{io, at(proxy.port())};
    int ended = 0;
    const auto call = [&](int i) -> asio::awaitable<void> {
        const auto echo = co_await redis.exec<int>(request{"ECHO", i});
        EXPECT_EQ(echo.value(), i);
        ++ended;
    };
    for (int i = 0; i < 300; ++i) asio::co_spawn(io, call(i), [](std::exception_ptr) {});
    run_until([&] { return ended == 300; });
    EXPECT_LE(proxy.accepted(), 10U);
}

TEST_F(rest_test, a_large_value_may_take_longer_than_the_time_out_while_its_bytes_arrive)
{
    testing::fault_proxy proxy{port};
    server.command({"SET", "large", std::string(3'000'000, 'x')});
    auto o = at(proxy.port());
    o.time.socket = 800ms;
    client redis{io, o};
    run([&]() -> asio::awaitable<void> {
        co_await redis.connect();
        proxy.throttle(testing::direction::to_client, 2'000'000);
        const auto begin = std::chrono::steady_clock::now();
        const auto large = co_await redis.exec<std::string>(request{"GET", "large"});
        EXPECT_TRUE(large.has_value()) << large.error().message;
        EXPECT_GT(std::chrono::steady_clock::now() - begin, 1s);
        const auto late = co_await redis.exec<std::string>(request{"GET", "large"}, exec_options{400ms});
        EXPECT_EQ(late.error().code, errc::timed_out);
    });
}

}  // namespace
}  // namespace larder::redis
