// SPDX-License-Identifier: MIT
// Tests what exec() and its relatives return, against a real server.
#include <array>
#include <boost/describe/class.hpp>
#include <larder/redis/blocking.hpp>
#include <larder/redis/scan.hpp>
#include <larder/redis/script.hpp>
#include <larder/redis/streams.hpp>
#include <map>
#include <set>

#include "loop_fixture.hpp"

namespace larder::redis {
namespace {

struct person {
    std::string name;
    int age = 0;
    std::optional<std::string> mail;
};
BOOST_DESCRIBE_STRUCT(person, (), (name, age, mail))

class client_test : public loop_test {
 protected:
    client_test() { server.command({"FLUSHALL"}); }
    testing_server& server = testing_server::shared();
    client redis{io, to(server)};
};

TEST_F(client_test, strings_numbers_and_nothing)
{
    run([&]() -> asio::awaitable<void> {
        const auto set = co_await redis.exec<bool>(request{"SET", "k", "v"});
        EXPECT_TRUE(set.value());
        const auto text = co_await redis.exec<std::string>(request{"GET", "k"});
        EXPECT_EQ(text.value(), "v");
        const auto absent = co_await redis.exec<std::optional<std::string>>(request{"GET", "no"});
        EXPECT_EQ(absent.value(), std::nullopt);
        const auto n = co_await redis.exec<long>(request{"INCRBY", "n", 41});
        EXPECT_EQ(n.value(), 41);
        const auto d = co_await redis.exec<double>(request{"INCRBYFLOAT", "d", 1.5});
        EXPECT_EQ(d.value(), 1.5);
        const auto not_set = co_await redis.exec<bool>(request{"SET", "k", "w", "NX"});
        EXPECT_FALSE(not_set.value());
    });
}

TEST_F(client_test, collections_maps_and_structs)
{
    run([&]() -> asio::awaitable<void> {
        const std::vector<std::string> values{"a", "b", "c"};
        co_await redis.exec(request{"RPUSH", "list", values});
        const auto list = co_await redis.exec<std::vector<std::string>>(request{"LRANGE", "list", 0, -1});
        EXPECT_EQ(list.value(), values);
        const std::map<std::string, std::string> fields{{"name", "Ann"}, {"age", "31"}};
        co_await redis.exec(request{"HSET", "person", fields});
        const auto hash = co_await redis.exec<std::map<std::string, std::string>>(request{"HGETALL", "person"});
        EXPECT_EQ(hash.value(), fields);
        const auto ann = co_await redis.exec<person>(request{"HGETALL", "person"});
        EXPECT_EQ(ann.value().name, "Ann");
        EXPECT_EQ(ann.value().age, 31);
        EXPECT_EQ(ann.value().mail, std::nullopt);
        const auto nobody = co_await redis.exec<std::optional<person>>(request{"HGETALL", "nobody"});
        EXPECT_FALSE(nobody.value().has_value());
        co_await redis.exec(request{"ZADD", "scores", 1, "one", 2.5, "two"});
        using scores = std::vector<std::pair<std::string, double>>;
        const auto z = co_await redis.exec<scores>(request{"ZRANGE", "scores", 0, -1, "WITHSCORES"});
        EXPECT_EQ(z.value(), (scores{{"one", 1}, {"two", 2.5}}));
        co_await redis.exec(request{"SADD", "set", "x", "y"});
        const auto s = co_await redis.exec<std::set<std::string>>(request{"SMEMBERS", "set"});
        EXPECT_EQ(s.value(), (std::set<std::string>{"x", "y"}));
        const auto tuple = co_await redis.exec<std::tuple<std::string, std::optional<int>, int>>(
            request{"EVAL", "return {'a', false, 3}", 0});
        EXPECT_EQ(tuple.value(), (std::tuple{std::string{"a"}, std::optional<int>{}, 3}));
    });
}

// go-redis #3935, 2026: a decoder that does not understand its reply must not consume part of the next one.
TEST_F(client_test, T11_a_reply_of_the_wrong_type_leaves_the_next_alone)
{
    run([&]() -> asio::awaitable<void> {
        co_await redis.exec(request{"RPUSH", "list", "a", "b"});
        const auto wrong = co_await redis.exec<long>(request{"LRANGE", "list", 0, -1});
        EXPECT_EQ(wrong.error().outcome, outcome::ok);
        EXPECT_EQ(wrong.error().code, errc::malformed);
        const auto next = co_await redis.exec<std::string>(request{"ECHO", "NEXT"});
        EXPECT_EQ(next.value(), "NEXT");
    });
}

// redis-plus-plus #23: after an exception, the next command received the data of the previous one.
TEST_F(client_test, T9_a_refusal_leaves_the_next_reply_alone)
{
    run([&]() -> asio::awaitable<void> {
        co_await redis.exec(request{"SET", "text", "v"});
        const auto refused = co_await redis.exec<long>(request{"LPUSH", "text", "x"});
        EXPECT_EQ(refused.error().outcome, outcome::refused);
        EXPECT_EQ(refused.error().prefix(), "WRONGTYPE");
        EXPECT_THROW(refused.value(), boost::system::system_error);
        const auto next = co_await redis.exec<std::string>(request{"GET", "text"});
        EXPECT_EQ(next.value(), "v");
    });
}

TEST_F(client_test, a_value_goes_into_the_callers_buffer)
{
    run([&]() -> asio::awaitable<void> {
        std::array<char, 8> buffer{};
        co_await redis.exec(request{"MSET", "short", "12345678", "long", "123456789"});
        const auto value = co_await redis.exec_into(request{"GET", "short"}, buffer);
        EXPECT_EQ(std::string_view(value.value()->data(), value.value()->size()), "12345678");
        const auto absent = co_await redis.exec_into(request{"GET", "absent"}, buffer);
        EXPECT_FALSE(absent.value().has_value());
        const auto too_long = co_await redis.exec_into(request{"GET", "long"}, buffer);
        EXPECT_EQ(too_long.error().code, errc::overloaded);
        const auto refused = co_await redis.exec_into(request{"HGET", "short", "f"}, buffer);
        EXPECT_EQ(refused.error().prefix(), "WRONGTYPE");
    });
}

TEST_F(client_test, views_are_seen_without_a_copy)
{
    run([&]() -> asio::awaitable<void> {
        co_await redis.exec(request{"SET", "k", "seen"});
        std::vector<std::string> seen;
        const auto look = [&](std::uint32_t i, const resp::value& v) {
            seen.push_back(std::to_string(i) + std::string{v.text()});
        };
        request both{"GET", "k"};
        both.add("STRLEN", "k");
        const auto done = co_await redis.visit(std::move(both), look);
        EXPECT_TRUE(done.has_value());
        EXPECT_EQ(seen, (std::vector<std::string>{"0seen", "14"}));
    });
}

TEST_F(client_test, a_pipeline_has_an_outcome_for_each_command)
{
    run([&]() -> asio::awaitable<void> {
        request all{"SET", "k", "v"};
        all.add("LPUSH", "k", "x").add("GET", "k");
        const auto done = co_await redis.pipeline<void, long, std::string>(std::move(all));
        const auto& [set, push, get] = done.value();
        EXPECT_TRUE(set.has_value());
        EXPECT_EQ(push.error().prefix(), "WRONGTYPE");
        EXPECT_EQ(get.value(), "v");
        request many;
        for (int i = 0; i < 100; ++i) many.add("ECHO", i);
        const auto each = co_await redis.exec_each<int>(std::move(many));
        for (int i = 0; i < 100; ++i) EXPECT_EQ(each.value()[static_cast<std::size_t>(i)].value(), i);
    });
}

TEST_F(client_test, a_transaction_is_done_as_a_whole_or_not_at_all)
{
    run([&]() -> asio::awaitable<void> {
        request good{"INCR", "n"};
        good.add("GET", "n");
        const auto done = co_await redis.transaction<long, std::string>(std::move(good));
        EXPECT_EQ(std::get<0>(done.value()).value(), 1);
        EXPECT_EQ(std::get<1>(done.value()).value(), "1");
        request bad{"INCR", "n"};
        bad.add("NO_SUCH_COMMAND");
        const auto aborted = co_await redis.transaction<long, void>(std::move(bad));
        EXPECT_EQ(aborted.error().outcome, outcome::refused);
        EXPECT_THAT(aborted.error().message, ::testing::HasSubstr("NO_SUCH_COMMAND"));
        const auto n = co_await redis.exec<long>(request{"GET", "n"});
        EXPECT_EQ(n.value(), 1);
        request half{"INCR", "n"};
        half.add("LPUSH", "n", 1);
        const auto partly = co_await redis.transaction<long, long>(std::move(half));
        EXPECT_EQ(std::get<0>(partly.value()).value(), 2);
        EXPECT_EQ(std::get<1>(partly.value()).error().prefix(), "WRONGTYPE");
    });
}

TEST_F(client_test, a_script_is_sent_by_hash_and_by_text_once)
{
    const script add{"return redis.call('INCRBY', KEYS[1], ARGV[1])"};
    run([&]() -> asio::awaitable<void> {
        co_await redis.exec(request{"SCRIPT FLUSH"});
        co_await redis.exec(request{"CONFIG RESETSTAT"});
        const std::array keys{"total"};
        for (long i = 1; i <= 3; ++i) {
            const auto total = co_await redis.exec<long>(add(keys, 5));
            EXPECT_EQ(total.value(), 5 * i);
        }
        const auto stats = co_await redis.exec<std::string>(request{"INFO", "commandstats"});
        EXPECT_THAT(stats.value(), ::testing::HasSubstr("cmdstat_eval:calls=1,"));
    });
}

TEST_F(client_test, commands_that_would_change_the_shared_connection_are_not_sent)
{
    run([&]() -> asio::awaitable<void> {
        for (const auto* command : {"SELECT 1", "SUBSCRIBE x", "MULTI", "client reply off", "Monitor", "RESET"}) {
            const auto refused = co_await redis.exec(request{command});
            EXPECT_EQ(refused.error().outcome, outcome::not_sent) << command;
        }
        const auto empty = co_await redis.exec(request{});
        EXPECT_EQ(empty.error().outcome, outcome::not_sent);
    });
}

// predis GHSA-w6f5-v2h6-g786: bytes that look like a command must be treated as data.
TEST_F(client_test, T18_keys_and_values_with_commands_inside_are_data)
{
    const std::string evil = "x\r\n$3\r\nfoo\r\n*1\r\n$8\r\nFLUSHALL\r\n" + std::string("\0", 1);
    run([&]() -> asio::awaitable<void> {
        request all{"SET", evil, evil};
        all.add("GET", evil).add("MGET", evil, evil);
        const auto done = co_await redis.pipeline<void, std::string, std::vector<std::string>>(std::move(all));
        EXPECT_EQ(std::get<1>(done.value()).value(), evil);
        EXPECT_EQ(std::get<2>(done.value()).value(), (std::vector{evil, evil}));
    });
    EXPECT_EQ(server.command({"DBSIZE"}), "1");
}

TEST_F(client_test, calls_from_a_thread_without_a_loop_run_on_a_loop_and_return)
{
    runtime loops{{.loops = 1}};
    client there{loops, to(server)};
    std::thread loop{[&] { loops.run(); }};
    run([&]() -> asio::awaitable<void> {
        const auto me = std::this_thread::get_id();
        const auto pong = co_await there.exec<std::string>(request{"PING"});
        EXPECT_EQ(pong.value(), "PONG");
        EXPECT_EQ(std::this_thread::get_id(), me);
        co_await there.disconnect();
    });
    loops.stop();
    loop.join();
}

TEST_F(client_test, a_scan_sees_every_key_and_every_field)
{
    run([&]() -> asio::awaitable<void> {
        request all;
        std::set<std::string> expected;
        for (int i = 0; i < 1000; ++i) {
            all.add("SET", "user:" + std::to_string(i), i);
            all.add("HSET", "hash", i, i);
            expected.insert("user:" + std::to_string(i));
        }
        co_await redis.exec_each<std::monostate>(std::move(all));
        std::set<std::string> seen;
        scan keys{redis, {.key = {}, .match = "user:*", .count = 50}};
        for (;;) {
            const auto batch = co_await keys.next();
            if (!batch.value()) break;
            seen.insert(batch.value()->begin(), batch.value()->end());
        }
        EXPECT_EQ(seen, expected);
        std::size_t fields = 0;
        scan hash{redis, {.key = "hash", .match = {}, .count = 10}, "HSCAN"};
        for (;;) {
            const auto batch = co_await hash.next();
            if (!batch.value()) break;
            fields += batch.value()->size() / 2;
        }
        EXPECT_GE(fields, 1000U);
    });
}

TEST_F(client_test, a_stream_is_read_by_a_group_and_replayed)
{
    run([&]() -> asio::awaitable<void> {
        for (int i = 0; i < 3; ++i) {
            const auto id = co_await redis.exec<std::string>(request{"XADD", "s", "*", "n", i});
            EXPECT_TRUE(id.has_value());
        }
        co_await redis.exec(request{"XGROUP CREATE", "s", "g", "0"});
        const auto read = co_await redis.exec<std::optional<stream_batches>>(
            request{"XREADGROUP", "GROUP", "g", "me", "COUNT", 10, "STREAMS", "s", ">"});
        const auto& entries = read.value()->at(0).second;
        EXPECT_EQ(entries.size(), 3U);
        EXPECT_EQ(entries[2].second->at(0), (std::pair<std::string, std::string>{"n", "2"}));
        // A blocking read has a connection of its own, so this one stays usable.
        const auto none = co_await redis.exec<std::optional<stream_batches>>(
            request{"XREADGROUP", "GROUP", "g", "me", "BLOCK", 20, "STREAMS", "s", ">"});
        EXPECT_EQ(none.value(), std::nullopt);
        // Entries that were read but not acknowledged are read again. Entries that were deleted meanwhile have no
        // fields.
        co_await redis.exec(request{"XACK", "s", "g", entries[0].first});
        co_await redis.exec(request{"XDEL", "s", entries[1].first});
        const auto again = co_await redis.exec<std::optional<stream_batches>>(
            request{"XREADGROUP", "GROUP", "g", "me", "STREAMS", "s", "0"});
        EXPECT_EQ(again.value()->at(0).second.size(), 2U);
        EXPECT_FALSE(again.value()->at(0).second[0].second.has_value());
        const auto claimed = co_await redis.exec<stream_claim>(request{"XAUTOCLAIM", "s", "g", "other", 0, "0"});
        EXPECT_EQ(std::get<1>(claimed.value()).size(), 1U);
        EXPECT_EQ(std::get<2>(claimed.value()).size(), 1U);
    });
}

TEST_F(client_test, programs_without_asio_block)
{
    blocking_client plain{to(server)};
    std::vector<std::jthread> callers;
    std::atomic<long> sum = 0;
    for (int c = 0; c < 4; ++c) {
        callers.emplace_back([&] {
            for (int i = 0; i < 100; ++i) sum += plain.exec<long>(request{"INCR", "n"}).has_value() ? 1 : 0;
        });
    }
    callers.clear();
    EXPECT_EQ(sum, 400);
    EXPECT_EQ(plain.exec<long>(request{"GET", "n"}).value(), 400);
}

TEST_F(client_test, loops_beyond_the_connections_share_them)
{
    auto o = to(server);
    o.limit.connections = 2;
    o.name = "sharing";
    runtime loops{{.loops = 4}};
    client shared{loops, o};
    std::atomic<int> right = 0;
    const auto work = [&](std::size_t loop) -> asio::awaitable<void> {
        for (int i = 0; i < 200; ++i) {
            const auto echo = co_await shared.exec<int>(request{"ECHO", i});
            right += echo && *echo == i && runtime::this_loop() == loop ? 1 : 0;
        }
    };
    for (std::size_t l = 0; l < 4; ++l) loops.spawn(l, work(l));
    std::jthread stopper{[&] {
        while (right < 800) std::this_thread::yield();
        loops.stop();
    }};
    loops.run();
    const auto clients = server.command({"CLIENT", "LIST"});
    std::size_t connections = 0;
    for (auto at = clients.find("name=sharing"); at != std::string::npos; at = clients.find("name=sharing", at + 1))
        ++connections;
    EXPECT_EQ(connections, 2U);
}

TEST_F(client_test, safe_returns_the_fallback_and_reports_the_failure)
{
    std::string reported;
    redis.on_failure(
        [&](std::string_view name, const error& e) { reported = std::string{name} + ": " + std::string{e.prefix()}; });
    run([&]() -> asio::awaitable<void> {
        co_await redis.exec(request{"SET", "k", "5"});
        auto read = [&] { return redis.exec<long>(request{"GET", "k"}); };
        const auto value = co_await redis.safe("read", read, 7L);
        EXPECT_EQ(value, 5);
        auto wrong = [&] { return redis.exec<long>(request{"LLEN", "k"}); };
        const auto fallback = co_await redis.safe("count", wrong, 7L);
        EXPECT_EQ(fallback, 7);
        EXPECT_EQ(reported, "count: WRONGTYPE");
    });
}

TEST_F(client_test, each_command_is_reported_with_its_key_and_without_its_value)
{
    std::vector<std::string> commands;
    redis.on_command([&](const command_record& r) {
        commands.push_back(std::string{r.name} + " " + std::string{r.key} + " " + std::string{to_string(r.outcome)});
    });
    run([&]() -> asio::awaitable<void> {
        co_await redis.exec(request{"SET", "k", "secret"});
        co_await redis.exec(request{"LLEN", "k"});
        request t{"INCR", "n"};
        co_await redis.transaction<long>(std::move(t));
    });
    EXPECT_EQ(commands, (std::vector<std::string>{"SET k ok", "LLEN k refused", "INCR n ok"}));
}

TEST_F(client_test, after_disconnect_every_call_fails)
{
    run([&]() -> asio::awaitable<void> {
        const auto up = co_await redis.connect();
        EXPECT_TRUE(up.has_value());
        EXPECT_TRUE(redis.is_connected());
        co_await redis.disconnect();
        EXPECT_FALSE(redis.is_connected());
        const auto late = co_await redis.exec(request{"PING"});
        EXPECT_EQ(late.error().outcome, outcome::not_sent);
        EXPECT_EQ(late.error().code, errc::closed);
    });
}

}  // namespace
}  // namespace larder::redis
