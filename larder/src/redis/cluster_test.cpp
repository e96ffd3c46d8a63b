// SPDX-License-Identifier: MIT
// Tests the client against a real cluster: key slots, split commands, redirections, a failover.
#include <array>
#include <larder/redis/scan.hpp>
#include <larder/redis/script.hpp>
#include <larder/testing/redis_groups.hpp>
#include <set>

#include "cluster_map.hpp"
#include "cluster_plan.hpp"
#include "keys.hpp"
#include "loop_fixture.hpp"

namespace larder::redis {
namespace {

using testing::cluster_group;

TEST(cluster_keys, slots_are_those_of_the_specification)
{
    EXPECT_EQ(key_slot("foo"), 12182);
    EXPECT_EQ(key_slot("{user1000}.following"), 3443);
    EXPECT_EQ(key_slot("foo{}{bar}"), 8363);
    EXPECT_EQ(key_slot("foo{{bar}}zap"), 4015);
}

TEST(cluster_keys, redirects_are_parsed_and_malformed_ones_are_not)
{
    const auto moved = parse_redirect("MOVED 3999 127.0.0.1:6381", "h");
    EXPECT_TRUE(moved && !moved->ask && moved->slot == 3999 && moved->to == (address{"127.0.0.1", 6381}));
    const auto ask = parse_redirect("ASK 5 :7000", "same");
    EXPECT_TRUE(ask && ask->ask && ask->to == (address{"same", 7000}));
    for (const auto* text : {"MOVED", "MOVED 1", "MOVED 99999 h:1", "ASK 1 h:0", "MOVED 1 h", "ERR no"}) {
        EXPECT_FALSE(parse_redirect(text, "h")) << text;
    }
}

TEST(cluster_keys, commands_over_several_slots_are_split_and_others_are_not)
{
    const auto parts = [](const request& r) { return make_plan(r).parts.size(); };
    EXPECT_EQ(parts(request{"MGET", "a", "b", "c"}), 3U);
    EXPECT_EQ(parts(request{"MGET", "{x}a", "{x}b"}), 1U);
    EXPECT_EQ(parts(request{"DEL", "a", "{a}b", "b"}), 2U);
    EXPECT_EQ(parts(request{"SUNION", "a", "b"}), 1U);  // the server replies CROSSSLOT
    request two{"GET", "a"};
    two.add("GET", "b");
    EXPECT_EQ(parts(two), 2U);
    two.make_transaction();
    EXPECT_EQ(parts(two), 1U);
}

class cluster_test : public loop_test {
 protected:
    static void SetUpTestSuite() { group = std::make_unique<cluster_group>(); }
    static void TearDownTestSuite() { group.reset(); }
    static inline std::unique_ptr<cluster_group> group;
    client redis{io, to(group->url())};
};

TEST_F(cluster_test, a_wrong_password_ends_every_wait_at_once)
{
    auto o = to(group->url());
    o.login = {"ann", "wrong"};
    client redis{io, o};
    run([&]() -> asio::awaitable<void> {
        const auto begin = std::chrono::steady_clock::now();
        const auto set = co_await redis.exec(request{"SET", "k", "1"}, exec_options{20'000ms});
        EXPECT_EQ(set.error().code, errc::refused);
        EXPECT_THAT(set.error().message, ::testing::StartsWith("WRONGPASS"));
        EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
    });
}

TEST_F(cluster_test, commands_reach_the_owners_of_their_slots)
{
    run([&]() -> asio::awaitable<void> {
        request all;
        for (int i = 0; i < 200; ++i) all.add("SET", "key" + std::to_string(i), i);
        const auto set = co_await redis.exec_each<bool>(std::move(all));
        for (const auto& s : set.value()) EXPECT_TRUE(s.has_value());
        std::vector<std::string> keys;
        for (int i = 0; i < 200; ++i) keys.push_back("key" + std::to_string(i));
        const auto values = co_await redis.exec<std::vector<std::optional<int>>>(request{"MGET", keys, "absent"});
        EXPECT_EQ(values.value().size(), 201U);
        for (int i = 0; i < 200; ++i) EXPECT_EQ(values.value()[static_cast<std::size_t>(i)], i);
        EXPECT_EQ(values.value()[200], std::nullopt);
        const auto removed = co_await redis.exec<long>(request{"DEL", keys});
        EXPECT_EQ(removed.value(), 200);
        const auto mset = co_await redis.exec<bool>(request{"MSET", "a", 1, "b", 2, "c", 3});
        EXPECT_TRUE(mset.value());
        const auto crossed = co_await redis.exec(request{"SUNION", "a", "b"});
        EXPECT_EQ(crossed.error().prefix(), "CROSSSLOT");
        const script add{"return redis.call('INCRBY', KEYS[1], ARGV[1])"};
        for (const auto* key : {"a", "b", "c"}) {
            const auto sum = co_await redis.exec<long>(add(std::array{key}, 10));
            EXPECT_GT(sum.value(), 10);
        }
        const auto pong = co_await redis.exec<std::string>(request{"PING"});
        EXPECT_EQ(pong.value(), "PONG");
    });
}

TEST_F(cluster_test, a_scan_sees_the_keys_of_all_masters)
{
    run([&]() -> asio::awaitable<void> {
        request all;
        for (int i = 0; i < 300; ++i) all.add("SET", "scan:" + std::to_string(i), i);
        co_await redis.exec_each<bool>(std::move(all));
        std::set<std::string> seen;
        scan keys{redis, {.key = {}, .match = "scan:*", .count = 50}};
        for (;;) {
            const auto batch = co_await keys.next();
            if (!batch.value()) break;
            seen.insert(batch.value()->begin(), batch.value()->end());
        }
        EXPECT_EQ(seen.size(), 300U);
    });
}

// predis GHSA-w6f5-v2h6-g786, on a cluster.
TEST_F(cluster_test, T18_split_commands_keep_odd_bytes)
{
    const std::string evil = "x\r\n*1\r\n$8\r\nFLUSHALL\r\n";
    run([&]() -> asio::awaitable<void> {
        co_await redis.exec(request{"MSET", "a", evil, "b", evil, evil, evil});
        const auto back = co_await redis.exec<std::vector<std::string>>(request{"MGET", "a", "b", evil});
        EXPECT_EQ(back.value(), (std::vector{evil, evil, evil}));
    });
}

// go-redis #3909: the commands of a MULTI were scattered over a cluster. Here MOVED and ASK occur inside the
// transaction.
TEST_F(cluster_test, T12_a_transaction_moves_as_a_whole)
{
    const unsigned slot = key_slot("{t}");
    auto& from = group->owner_of(slot);
    auto* target = &group->node(0);
    for (std::size_t i = 0; i < group->size(); ++i) {
        auto& n = group->node(i);
        if (&n != &from && n.command({"ROLE"}).starts_with("master")) target = &n;
    }
    const auto both = [&](long expected) -> asio::awaitable<void> {
        request t{"INCR", "{t}a"};
        t.add("INCR", "{t}b");
        const auto done = co_await redis.transaction<long, long>(std::move(t));
        EXPECT_TRUE(done.has_value()) << done.error().message;
        if (!done) co_return;
        EXPECT_EQ(std::get<0>(*done).value(), expected);
        EXPECT_EQ(std::get<1>(*done).value(), expected);
    };
    run([&] { return both(1); });
    group->begin_migration(slot, *target);
    group->move_keys(slot, *target);
    run([&] { return both(2); });  // ASK
    run([&]() -> asio::awaitable<void> {
        const auto get = co_await redis.exec<long>(request{"GET", "{t}a"});
        EXPECT_EQ(get.value(), 2);
    });
    group->end_migration(slot, *target);
    run([&] { return both(3); });  // MOVED
    EXPECT_EQ(target->command({"GET", "{t}b"}), "3");
}

// Nodes that must not reveal their addresses (null), and nodes whose host names are not configured ("?").
TEST_F(cluster_test, nodes_that_do_not_name_their_hosts_are_found)
{
    const auto name_hosts_as = [&](const char* type) {
        for (std::size_t i = 0; i < group->size(); ++i)
            group->node(i).command({"CONFIG", "SET", "cluster-preferred-endpoint-type", type});
    };
    for (const auto* type : {"unknown-endpoint", "hostname"}) {
        name_hosts_as(type);
        client shy{io, to(group->url())};
        const auto set_all = [&]() -> asio::awaitable<void> {
            for (int i = 0; i < 30; ++i) {
                const auto set = co_await shy.exec(request{"SET", "{shy}" + std::to_string(i % 3), i});
                EXPECT_TRUE(set.has_value()) << type << ": " << set.error().message;
                const auto other = co_await shy.exec(request{"SET", "shy" + std::to_string(i), i});
                EXPECT_TRUE(other.has_value()) << type << ": " << other.error().message;
            }
        };
        run(set_all);
        name_hosts_as("ip");  // the test needs addresses to find the owner
        const unsigned slot = key_slot("{shy}");
        auto* target = &group->owner_of(0);
        if (target == &group->owner_of(slot)) target = &group->owner_of(slot_count - 1);
        group->begin_migration(slot, *target);
        group->move_keys(slot, *target);
        name_hosts_as(type);
        run(set_all);  // ASK
        name_hosts_as("ip");
        group->end_migration(slot, *target);
        name_hosts_as(type);
        run(set_all);  // MOVED
    }
    name_hosts_as("ip");
}

TEST_F(cluster_test, a_blocking_pop_finds_its_node_and_its_element)
{
    run([&]() -> asio::awaitable<void> {
        co_await redis.exec(request{"RPUSH", "{q}1", "x"});
        using element = std::optional<std::pair<std::string, std::string>>;
        const auto got = co_await redis.exec<element>(request{"BLPOP", "{q}1", 1});
        EXPECT_EQ(got.value()->second, "x");
    });
}

TEST_F(cluster_test, a_dead_master_is_replaced_and_every_call_settles)
{
    run([&]() -> asio::awaitable<void> {
        const auto set = co_await redis.exec(request{"SET", "survivor", 1});
        EXPECT_TRUE(set.has_value());
    });
    const unsigned slot = key_slot("survivor");
    // The owner is killed from another thread, so that this one can run the event loop while the nodes elect a new
    // master.
    std::thread killer{[&] { group->kill_owner(slot); }};
    run([&]() -> asio::awaitable<void> {
        const auto begin = std::chrono::steady_clock::now();
        int done_elsewhere = 0;
        for (int successes = 0; successes < 20;) {
            const auto call = std::chrono::steady_clock::now();
            const auto set = co_await redis.exec(request{"SET", "survivor", 2}, exec_options{300ms});
            EXPECT_LT(std::chrono::steady_clock::now() - call, 400ms);
            successes += set.has_value() ? 1 : 0;
            const auto other = co_await redis.exec(request{"SET", "{x}", 1}, exec_options{300ms});
            done_elsewhere += other.has_value() ? 1 : 0;
            EXPECT_LT(std::chrono::steady_clock::now() - begin, 40s);
            co_await sleep_for(20ms);
        }
        EXPECT_GT(done_elsewhere, 0);
    });
    killer.join();
}

}  // namespace
}  // namespace larder::redis
