// SPDX-License-Identifier: MIT
// Tests the well-known bugs of other clients, provoked through a proxy that breaks the connection. The numbers T1 to
// T24 are those of docs/concepts/redis-client.md.
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <larder/testing/fault_proxy.hpp>
#include <larder/testing/scripted_server.hpp>
#include <map>

#include "loop_fixture.hpp"

namespace larder::redis {
namespace {

using testing::direction;
using testing::fault_proxy;
using testing::scripted_server;

std::chrono::milliseconds since(steady_time t)
{
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - t);
}

class faults_test : public loop_test {
 protected:
    faults_test() { server.command({"FLUSHALL"}); }
    options through_proxy() const { return to("redis://127.0.0.1:" + std::to_string(proxy.port())); }

    testing_server server;
    fault_proxy proxy{server.port()};
    client redis{io, through_proxy()};
};

/// What became of the calls of get_own().
struct tally {
    int begun = 0;
    int ended = 0;
    int mismatches = 0;
    int timed_out = 0;
};

/// A GET of a key whose value must be the key itself.
asio::awaitable<void> get_own(client& redis, std::string key, exec_options o, tally& t)
{
    ++t.begun;
    const auto value = co_await redis.exec<std::optional<std::string>>(request{"GET", key}, o);
    if (value && *value != key) ++t.mismatches;
    if (!value && value.error().code == errc::timed_out) ++t.timed_out;
    ++t.ended;
}

/// Waits until the server replies again, for at most 10 s.
asio::awaitable<void> until_back(client& redis)
{
    const auto begin = std::chrono::steady_clock::now();
    bool back = false;
    while (!back && since(begin) < 10s) {
        const auto answer = co_await redis.exec(request{"PING"}, exec_options{100ms});
        back = answer.has_value();
        if (!back) co_await sleep_for(10ms);
    }
}

// ChatGPT, March 2023 (redis-py #2624): a cancelled request left its reply to the next user.
TEST_F(faults_test, T1_a_cancelled_request_never_leaves_its_reply_to_another)
{
    for (int i = 0; i < 200; ++i) server.command({"SET", "k" + std::to_string(i), "k" + std::to_string(i)});
    proxy.delay(direction::to_client, 5ms);
    proxy.split(direction::to_client, 3);
    tally t;
    std::vector<asio::cancellation_signal> signals(200);
    for (int i = 0; i < 200; ++i) {
        asio::co_spawn(
            io, get_own(redis, "k" + std::to_string(i), {}, t),
            asio::bind_cancellation_slot(signals[static_cast<std::size_t>(i)].slot(), [](std::exception_ptr) {}));
        // Each one is cancelled at another moment: before it is sent, in flight, or when its reply is cut in two.
        run_until([&] { return t.begun == i + 1; });
        for (int steps = i % 7; steps > 0; --steps) io.run_one_for(1ms);
        if (i % 2 == 0) signals[static_cast<std::size_t>(i)].emit(asio::cancellation_type::terminal);
    }
    run_until([&] { return t.ended == 200; });
    EXPECT_EQ(t.mismatches, 0);
    EXPECT_EQ(proxy.accepted(), 1U);  // the connection stayed usable all the time
}

// go-redis PR 1572, phpredis #1222: a deadline expires in the middle of a reply.
TEST_F(faults_test, T3_T10_a_reply_that_arrives_after_the_deadline_is_discarded)
{
    server.command({"SET", "late", "late"});
    server.command({"SET", "next", "next"});
    run([&]() -> asio::awaitable<void> {
        co_await redis.connect();
        proxy.delay(direction::to_client, 80ms);
        const auto begin = std::chrono::steady_clock::now();
        const auto late = co_await redis.exec<std::string>(request{"GET", "late"}, exec_options{20ms});
        EXPECT_EQ(late.error().outcome, outcome::unknown);
        EXPECT_EQ(late.error().code, errc::timed_out);
        EXPECT_LT(since(begin), 120ms);
        const auto next = co_await redis.exec<std::string>(request{"GET", "next"});
        EXPECT_EQ(next.value(), "next");
        EXPECT_EQ(proxy.accepted(), 1U);
    });
}

// Lettuce #1512, #2012: nested arrays are cut into pieces, with many time-outs among them.
TEST_F(faults_test, T4_nested_arrays_in_pieces_survive_a_storm_of_time_outs)
{
    using nested = std::vector<std::tuple<int, std::vector<std::string>, std::vector<std::vector<int>>>>;
    const nested expected{{1, {"a", "bb"}, {{1, 2}, {}}}, {2, {}, {{3}}}};
    const request question{"EVAL", "return {{1, {'a', 'bb'}, {{1, 2}, {}}}, {2, {}, {{3}}}}", 0};
    for (std::size_t piece = 1; piece < 40; piece += 3) {
        proxy.split(direction::to_client, piece);
        proxy.delay(direction::to_client, std::chrono::milliseconds{piece % 3});
        int ended = 0;
        int right = 0;
        const auto call = [&](std::chrono::milliseconds limit) -> asio::awaitable<void> {
            auto r = question;
            const auto value = co_await redis.exec<nested>(std::move(r), {limit});
            EXPECT_TRUE(!value || *value == expected);
            right += value.has_value() ? 1 : 0;
            ++ended;
        };
        for (int i = 0; i < 40; ++i) asio::co_spawn(io, call(i % 2 == 0 ? 1ms : 2000ms), [](std::exception_ptr) {});
        run_until([&] { return ended == 40; });
        EXPECT_GE(right, 20);
    }
    EXPECT_EQ(proxy.accepted(), 1U);
}

// go-redis 2026 (#3935): every decoder meets every unusual reply, cut anywhere, and the next command must still get its
// own reply.
TEST_F(faults_test, T11_every_decoder_leaves_exactly_its_reply)
{
    const std::vector<std::string> odd{"+OK\r\n",
                                       ":7\r\n",
                                       "$3\r\nfoo\r\n",
                                       "$-1\r\n",
                                       "*-1\r\n",
                                       "_\r\n",
                                       "#t\r\n",
                                       ",1.5\r\n",
                                       "(123456789012345678901\r\n",
                                       "=7\r\ntxt:abc\r\n",
                                       "*0\r\n",
                                       "*2\r\n:1\r\n_\r\n",
                                       "%1\r\n+name\r\n*1\r\n:2\r\n",
                                       "~2\r\n+a\r\n+b\r\n",
                                       "*3\r\n$4\r\nname\r\n*1\r\n+x\r\n%1\r\n+k\r\n~0\r\n",
                                       "|1\r\n+a\r\n+b\r\n:3\r\n",
                                       "$?\r\n;2\r\nab\r\n;0\r\n",
                                       "*?\r\n:1\r\n.\r\n",
                                       "-ERR odd\r\n",
                                       "!8\r\nERR bulk\r\n"};
    std::atomic<std::size_t> which = 0;
    scripted_server odd_one{[&](const scripted_server::command& c, std::size_t) -> std::string {
        if (c[0] == "ODD") return odd[which];
        if (c[0] == "FRAME") return "$" + c[1] + "\r\n" + std::string(std::stoul(c[1]), 'x') + "\r\n";
        return c[0] == "NEXT" ? "+NEXT\r\n" : scripted_server::default_reply(c);
    }};
    fault_proxy pieces{odd_one.port()};
    client client{io, to("redis://127.0.0.1:" + std::to_string(pieces.port()))};
    const auto next = [&]() -> asio::awaitable<void> {
        const auto value = co_await client.exec<std::string>(request{"NEXT"});
        EXPECT_EQ(value.value(), "NEXT") << odd[which];
    };
    run([&]() -> asio::awaitable<void> {
        for (std::size_t piece = 1; piece <= 4; ++piece) {
            pieces.split(direction::to_client, piece);
            for (which = 0; which < odd.size(); ++which) {
                co_await client.exec<long>(request{"ODD"});
                co_await next();
                co_await client.exec<std::string>(request{"ODD"});
                co_await client.exec<std::optional<double>>(request{"ODD"});
                co_await client.exec<bool>(request{"ODD"});
                co_await next();
                co_await client.exec<std::vector<std::string>>(request{"ODD"});
                co_await client.exec<std::map<std::string, std::vector<int>>>(request{"ODD"});
                co_await client.exec<std::vector<std::pair<std::string, long>>>(request{"ODD"});
                co_await client.exec<std::tuple<int, std::optional<int>>>(request{"ODD"});
                co_await client.exec<void>(request{"ODD"});
                co_await next();
            }
            which = 0;
            for (int size = 0; size <= 64; ++size) {
                const auto frame = co_await client.exec<std::string>(request{"FRAME", size});
                EXPECT_EQ(frame.value().size(), static_cast<std::size_t>(size));
            }
        }
    });
    EXPECT_EQ(pieces.accepted(), 1U);
}

// redis-py #2511: the element of a cancelled BRPOP was lost.
TEST_F(faults_test, T2_a_cancelled_blocking_pop_returns_and_loses_no_element)
{
    proxy.delay(direction::to_client, 20ms);
    std::vector<asio::cancellation_signal> signals(20);  // Asio still reads a signal in the turn after its emission
    for (int i = 0; i < 20; ++i) {
        std::optional<std::string> popped;
        bool ended = false;
        auto& cancel = signals[static_cast<std::size_t>(i)];
        const auto pop = [&]() -> asio::awaitable<void> {
            using element = std::optional<std::pair<std::string, std::string>>;
            const auto got = co_await redis.exec<element>(request{"BLPOP", "queue", 0});
            if (got && *got) popped = (*got)->second;
            ended = true;
        };
        asio::co_spawn(io, pop(), asio::bind_cancellation_slot(cancel.slot(), [](std::exception_ptr) {}));
        run_until([&] { return server.command({"INFO", "clients"}).find("blocked_clients:1") != std::string::npos; });
        // The element and the cancellation cross each other on the wire, a little earlier or later each time.
        if (i % 2 == 0) server.command({"RPUSH", "queue", std::to_string(i)});
        cancel.emit(asio::cancellation_type::terminal);
        if (i % 2 == 1) server.command({"RPUSH", "queue", std::to_string(i)});
        run_until([&] { return ended; }, 5s);
        const auto left = server.command({"LRANGE", "queue", "0", "-1"});
        EXPECT_EQ(popped.value_or(left), std::to_string(i)) << "the element was lost";
        server.command({"DEL", "queue"});
    }
}

// CLIENT UNBLOCK names a connection, not a command, so a late one would end the next pop on that connection.
TEST_F(faults_test, T2_a_late_unblock_does_not_end_the_next_pop)
{
    using element = std::optional<std::pair<std::string, std::string>>;
    asio::cancellation_signal cancel;
    std::vector<std::string> popped;
    const auto pop = [&]() -> asio::awaitable<void> {
        const auto got = co_await redis.exec<element>(request{"BLPOP", "queue", 0});
        popped.push_back(got && *got ? (*got)->second : "nothing");
    };
    std::string client_id;
    const auto blocked = [&] {
        const auto list = server.command({"CLIENT", "LIST"});
        const auto cmd = list.find("cmd=blpop");
        if (cmd == std::string::npos ||
            server.command({"INFO", "clients"}).find("blocked_clients:1") == std::string::npos)
            return false;
        const auto id = list.rfind("id=", cmd);
        client_id = list.substr(id, list.find(' ', id) - id);
        return true;
    };
    asio::co_spawn(io, pop(), asio::bind_cancellation_slot(cancel.slot(), [](std::exception_ptr) {}));
    run_until(blocked);
    const auto first = client_id;
    cancel.emit(asio::cancellation_type::terminal);
    run_until([&] { return popped.size() == 1; });
    asio::co_spawn(io, pop(), [](std::exception_ptr) {});
    run_until(blocked);
    EXPECT_NE(client_id, first);
    server.command({"RPUSH", "queue", "element"});
    run_until([&] { return popped.size() == 2; });
    EXPECT_EQ(popped, (std::vector<std::string>{"nothing", "element"}));
}

// ioredis #800, #965: the connection is cut in the middle of MULTI.
TEST_F(faults_test, T5_a_transaction_cut_anywhere_is_done_whole_or_not)
{
    for (std::uint64_t cut = 0; cut < 60; cut += 3) {
        server.command({"MSET", "a", "0", "b", "0"});
        run([&]() -> asio::awaitable<void> {
            co_await redis.connect();
            proxy.cut_after(cut % 2 == 0 ? direction::to_client : direction::to_server, cut);
            request both{"INCR", "a"};
            both.add("INCR", "b");
            const auto done = co_await redis.transaction<long, long>(std::move(both));
            const auto state = server.command({"MGET", "a", "b"});
            EXPECT_TRUE(state == "0\n0" || state == "1\n1") << state;
            if (done) {
                EXPECT_EQ(state, "1\n1");
            } else {
                EXPECT_EQ(done.error().outcome, outcome::unknown);
            }
            proxy.heal();
            const auto echo = co_await redis.exec<std::string>(request{"ECHO", "NEXT"});
            EXPECT_EQ(echo.value(), "NEXT");
        });
    }
}

// ioredis #42: after a reconnect, commands were sent again before SELECT.
TEST_F(faults_test, T7_after_a_reconnect_commands_run_in_the_right_database)
{
    auto o = through_proxy();
    o.database = 3;
    client third{io, o};
    run([&]() -> asio::awaitable<void> {
        for (int i = 0; i < 10; ++i) {
            const auto set = co_await third.exec<bool>(request{"SET", "k" + std::to_string(i), "v"});
            EXPECT_TRUE(set.has_value());
            proxy.reset_all();
        }
    });
    EXPECT_EQ(server.command({"INFO", "keyspace"}).find("db0"), std::string::npos);
    EXPECT_NE(server.command({"INFO", "keyspace"}).find("db3:keys=10"), std::string::npos);
}

// node_redis #898: a BRPOP got the reply to the INFO of the handshake.
TEST_F(faults_test, T8_replies_of_the_handshake_never_reach_a_user)
{
    scripted_server odd{[](const scripted_server::command& c, std::size_t) -> std::string {
        // One reply too many, which could be taken for the reply to the first command of a user.
        if (c[0] == "HELLO") return scripted_server::default_reply(c) + "+STOLEN\r\n";
        return c[0] == "ECHO" ? "+" + c[1] + "\r\n" : scripted_server::default_reply(c);
    }};
    client to_odd{io, to("redis://127.0.0.1:" + std::to_string(odd.port()))};
    run([&]() -> asio::awaitable<void> {
        const auto echo = co_await to_odd.exec<std::string>(request{"ECHO", "mine"}, exec_options{300ms});
        EXPECT_EQ(echo.error().outcome, outcome::not_sent);
    });
    for (const auto& c : odd.commands()) EXPECT_EQ(c[0], "HELLO");
}

// redis-plus-plus #234: sockets that the peer had closed were used for half an hour.
TEST_F(faults_test, T9_a_connection_that_the_peer_closed_is_replaced)
{
    run([&]() -> asio::awaitable<void> {
        co_await redis.connect();
        for (int i = 0; i < 5; ++i) {
            proxy.close_all();
            const auto echo = co_await redis.exec<std::string>(request{"ECHO", "x"});
            EXPECT_EQ(echo.value(), "x");
        }
    });
    EXPECT_EQ(proxy.connections(), 1U);
}

// Boost.Redis #428: a request is cancelled at the moment when it completes.
TEST_F(faults_test, T13_cancellation_racing_completion_is_harmless)
{
    tally t;
    server.command({"SET", "k", "k"});
    std::vector<asio::cancellation_signal> signals(500);  // Asio still reads a signal in the turn after its emission
    for (int i = 0; i < 500; ++i) {
        auto& cancel = signals[static_cast<std::size_t>(i)];
        asio::co_spawn(io, get_own(redis, "k", {}, t),
                       asio::bind_cancellation_slot(cancel.slot(), [](std::exception_ptr) {}));
        run_until([&] { return t.begun == i + 1; });  // before that, Asio itself would throw
        for (int steps = i % 5; steps > 0 && t.ended == i; --steps) io.run_one_for(1ms);
        if (t.ended == i) cancel.emit(asio::cancellation_type::terminal);
        run_until([&] { return t.ended == i + 1; });
    }
    EXPECT_EQ(t.mismatches, 0);
}

// Lettuce #2082, redis-py #722: clients waited for a vanished peer for a quarter of an hour.
TEST_F(faults_test, T14_a_black_hole_either_way_settles_every_call_and_heals)
{
    for (const auto d : {direction::to_server, direction::to_client}) {
        run([&]() -> asio::awaitable<void> {
            const auto before = co_await redis.exec(request{"PING"});
            EXPECT_TRUE(before.has_value());
            proxy.black_hole(d);
            const auto begin = std::chrono::steady_clock::now();
            const auto lost = co_await redis.exec(request{"PING"}, exec_options{200ms});
            EXPECT_EQ(lost.error().code, errc::timed_out);
            EXPECT_LT(since(begin), 300ms);
            // Long enough for the client to give up the connection and to try others.
            co_await sleep_for(2500ms);
            proxy.heal();
            const auto healed = std::chrono::steady_clock::now();
            for (;;) {
                const auto back = co_await redis.exec(request{"PING"}, exec_options{100ms});
                if (back.has_value()) break;
                co_await sleep_for(10ms);
            }
            EXPECT_LT(since(healed), 1000ms);
        });
    }
}

// This is what a NAT box that has forgotten the connection does. In addition, every attempt to connect hangs.
TEST_F(faults_test, T14_bytes_that_vanish_while_connecting_delay_the_healing_by_no_time_out)
{
    run([&]() -> asio::awaitable<void> {
        co_await redis.connect();
        proxy.discard(direction::to_server);
        for (int i = 0; i < 3; ++i) {
            const auto lost = co_await redis.exec(request{"PING"}, exec_options{1000ms});
            EXPECT_FALSE(lost.has_value());
        }
        proxy.heal();
        const auto healed = std::chrono::steady_clock::now();
        for (;;) {
            const auto back = co_await redis.exec(request{"PING"}, exec_options{1000ms});
            if (back.has_value()) break;
        }
        EXPECT_LT(since(healed), 1000ms);
    });
}

// Lettuce #1727: TCP works, but the server does not respond.
TEST_F(faults_test, T16_a_stopped_server_settles_every_call_and_heals)
{
    run([&]() -> asio::awaitable<void> {
        co_await redis.connect();
        server.pause();
        for (int i = 0; i < 10; ++i) {
            const auto begin = std::chrono::steady_clock::now();
            const auto lost = co_await redis.exec(request{"PING"}, exec_options{60ms});
            EXPECT_FALSE(lost.has_value());
            EXPECT_LT(since(begin), 160ms);
        }
        co_await sleep_for(2500ms);  // the client gives up the connection
        server.resume();
        const auto healed = std::chrono::steady_clock::now();
        for (;;) {
            const auto back = co_await redis.exec(request{"PING"}, exec_options{100ms});
            if (back.has_value()) break;
            co_await sleep_for(10ms);
        }
        EXPECT_LT(since(healed), 1000ms);
    });
}

TEST_F(faults_test, a_killed_server_fails_fast_and_its_return_is_noticed)
{
    run([&]() -> asio::awaitable<void> {
        co_await redis.connect();
        server.crash();
        const auto down = std::chrono::steady_clock::now();
        // Callers wait until the breaker opens, and not after that.
        for (;;) {
            const auto lost = co_await redis.exec(request{"PING"}, exec_options{50ms});
            EXPECT_FALSE(lost.has_value());
            if (lost.has_value() || lost.error().code == errc::unavailable) break;
        }
        EXPECT_LT(since(down), 2000ms);
        const auto state = co_await redis.state();
        EXPECT_FALSE(state.connected);
        server.start();
        const auto up = std::chrono::steady_clock::now();
        for (;;) {
            const auto back = co_await redis.exec(request{"PING"}, exec_options{100ms});
            if (back.has_value()) break;
            co_await sleep_for(5ms);
        }
        EXPECT_LT(since(up), 1000ms);
    });
}

// In an earlier version a call was the probe of the circuit breaker. Where calls were rare, each of them was one and
// waited out its deadline, for as long as the outage lasted (docs/decisions/0007-redis-client.md).
TEST_F(faults_test, after_two_time_outs_in_a_row_callers_are_refused_at_once_until_the_server_replies)
{
    run([&]() -> asio::awaitable<void> {
        co_await redis.connect();
        proxy.black_hole(direction::both);
        for (int i = 0; i < 2; ++i) {
            const auto lost = co_await redis.exec(request{"PING"}, exec_options{150ms});
            EXPECT_EQ(lost.error().code, errc::timed_out);
        }
        const auto begin = std::chrono::steady_clock::now();
        // Long enough for each kind of probe: pending replies, the loss of the link, and new attempts to connect.
        while (since(begin) < 3s) {
            const auto asked = std::chrono::steady_clock::now();
            const auto refused = co_await redis.exec(request{"PING"});
            EXPECT_EQ(refused.error().code, errc::unavailable);
            EXPECT_EQ(refused.error().outcome, outcome::not_sent);
            EXPECT_LT(since(asked), 50ms);
            co_await sleep_for(20ms);
        }
        const auto state = co_await redis.state();
        EXPECT_EQ(state.breaker, circuit_breaker::state::open);
        proxy.heal();
        const auto healed = std::chrono::steady_clock::now();
        for (;;) {
            const auto back = co_await redis.exec(request{"PING"});
            if (back.has_value()) break;
            if (since(healed) > 10s) break;
            co_await sleep_for(20ms);
        }
        EXPECT_LT(since(healed), 2s);
    });
}

TEST_F(faults_test, a_server_that_is_silent_from_the_beginning_keeps_few_callers_waiting)
{
    proxy.black_hole(direction::both);
    run([&]() -> asio::awaitable<void> {
        int slow = 0;
        for (int i = 0; i < 8; ++i) {
            const auto begin = std::chrono::steady_clock::now();
            const auto lost = co_await redis.exec(request{"PING"});
            EXPECT_FALSE(lost.has_value());
            slow += since(begin) > 50ms ? 1 : 0;
        }
        EXPECT_LE(slow, 2);
    });
}

TEST_F(faults_test, clients_that_share_their_liveness_learn_from_each_others_time_outs)
{
    auto o = through_proxy();
    o.liveness = share_liveness();
    client one{io, o};
    client other{io, o};
    run([&]() -> asio::awaitable<void> {
        co_await one.connect();
        co_await other.connect();
        proxy.black_hole(direction::both);
        co_await one.exec(request{"PING"}, exec_options{100ms});
        co_await other.exec(request{"PING"}, exec_options{100ms});
        for (auto* c : {&one, &other}) {
            const auto refused = co_await c->exec(request{"PING"});
            EXPECT_EQ(refused.error().code, errc::unavailable);
        }
        proxy.heal();
        co_await until_back(one);
        const auto again = co_await other.exec(request{"PING"});
        EXPECT_TRUE(again.has_value());
    });
}

TEST_F(faults_test, a_slow_server_causes_no_refusals_while_deadlines_are_long_enough)
{
    run([&]() -> asio::awaitable<void> {
        co_await redis.connect();
        proxy.delay(direction::both, 150ms);
        for (int i = 0; i < 12; ++i) {
            const auto answer = co_await redis.exec(request{"PING"});
            EXPECT_TRUE(answer.has_value()) << i;
        }
    });
}

/// The probe's deadline is as long as the callers', so it does not make them wait in vain again and again.
TEST_F(faults_test, a_server_that_is_too_slow_for_its_callers_is_probed_in_the_background)
{
    run([&]() -> asio::awaitable<void> {
        co_await redis.connect();
        proxy.delay(direction::to_client, 200ms);
        for (int i = 0; i < 40; ++i) {
            co_await redis.exec(request{"PING"}, exec_options{20ms});
            co_await sleep_for(30ms);
        }
        int slow = 0;
        for (int i = 0; i < 40; ++i) {
            const auto begin = std::chrono::steady_clock::now();
            co_await redis.exec(request{"PING"}, exec_options{20ms});
            slow += since(begin) > 15ms ? 1 : 0;
            co_await sleep_for(30ms);
        }
        EXPECT_LE(slow, 2) << "calls were let through although none of them could succeed";
        proxy.heal();
        const auto healed = std::chrono::steady_clock::now();
        co_await until_back(redis);
        EXPECT_LT(since(healed), 2s);
    });
}

// go-redis #3497: time-outs leaked the slots of a connection pool.
TEST_F(faults_test, T24_a_hundred_thousand_time_outs_leak_no_slot_of_the_queue)
{
    auto o = through_proxy();
    o.breaker.minimum_calls = 100;  // more than the window: the breaker never opens
    o.breaker.time_outs = 1'000'000;
    client patient{io, o};
    run([&]() -> asio::awaitable<void> { co_await patient.connect(); });
    server.command({"SET", "k", "k"});
    proxy.delay(direction::to_client, 5ms);
    tally t;
    for (int round = 1; round <= 20; ++round) {
        for (int i = 0; i < 5000; ++i) asio::co_spawn(io, get_own(patient, "k", {1ms}, t), [](std::exception_ptr) {});
        run_until([&] { return t.ended == 5000 * round; });
        std::size_t waiting = 1;
        while (waiting > 0) {
            run([&]() -> asio::awaitable<void> {
                const auto state = co_await patient.state();
                waiting = state.waiting;
            });
        }
    }
    proxy.heal();
    run([&]() -> asio::awaitable<void> {
        const auto back = co_await patient.exec(request{"PING"});
        EXPECT_TRUE(back.has_value());
    });
    EXPECT_EQ(t.mismatches, 0);
    EXPECT_GT(t.timed_out, 90'000);
    EXPECT_EQ(proxy.accepted(), 1U);
}

TEST_F(faults_test, a_full_queue_refuses_at_once)
{
    auto o = through_proxy();
    o.limit.queued = 100;
    client small{io, o};
    run([&]() -> asio::awaitable<void> { co_await small.connect(); });
    proxy.black_hole(direction::to_client);
    int refused = 0;
    int ended = 0;
    const auto call = [&]() -> asio::awaitable<void> {
        const auto done = co_await small.exec(request{"PING"}, exec_options{300ms});
        if (done.error().code == errc::overloaded) ++refused;
        ++ended;
    };
    for (int i = 0; i < 150; ++i) asio::co_spawn(io, call(), [](std::exception_ptr) {});
    run_until([&] { return ended == 150; });
    EXPECT_EQ(refused, 50);
}

TEST_F(faults_test, only_idempotent_commands_are_repeated_after_a_loss)
{
    run([&]() -> asio::awaitable<void> {
        co_await redis.connect();
        server.command({"SET", "k", "v"});
        proxy.cut_after(direction::to_client, 0);
        const auto get = co_await redis.exec<std::string>(request{"GET", "k"});
        EXPECT_EQ(get.value(), "v");
        proxy.cut_after(direction::to_client, 0);
        const auto incr = co_await redis.exec<long>(request{"INCR", "n"});
        EXPECT_EQ(incr.error().outcome, outcome::unknown);
        EXPECT_EQ(server.command({"GET", "n"}), "1");
        proxy.heal();
        co_await redis.connect();
        proxy.cut_after(direction::to_client, 0);
        const auto mine = co_await redis.exec<long>(request{"INCR", "m"}.idempotent());
        EXPECT_EQ(mine.value(), 2);
    });
}

}  // namespace
}  // namespace larder::redis
