// SPDX-License-Identifier: MIT
// Tests what the client makes of unusual slot maps: unknown hosts, unassigned slots, thousands of ranges, changes. The
// nodes are scripted servers, because a real cluster sends such replies only for moments.
#include <larder/testing/fault_proxy.hpp>
#include <larder/testing/scripted_server.hpp>
#include <mutex>

#include "cluster_map.hpp"
#include "keys.hpp"
#include "link.hpp"
#include "loop_fixture.hpp"

namespace larder::redis {
namespace {

using testing::scripted_server;

std::string bulk(std::string_view text)
{
    return "$" + std::to_string(text.size()) + "\r\n" + std::string{text} + "\r\n";
}

constexpr auto null_text = "$-1\r\n";

/// A node in the format of CLUSTER SLOTS. `host` is already encoded in RESP.
std::string node_text(const std::string& host, unsigned port, std::string_view ip = {})
{
    const auto metadata = ip.empty() ? std::string{"*0\r\n"} : "*2\r\n" + bulk("ip") + bulk(ip);
    return "*4\r\n" + host + ":" + std::to_string(port) + "\r\n" + bulk(std::string(40, 'a')) + metadata;
}
std::string range_text(std::size_t from, std::size_t to, const std::vector<std::string>& nodes)
{
    auto out =
        "*" + std::to_string(2 + nodes.size()) + "\r\n:" + std::to_string(from) + "\r\n:" + std::to_string(to) + "\r\n";
    for (const auto& n : nodes) out += n;
    return out;
}
std::string range_text(std::size_t from, std::size_t to, unsigned port)
{
    return range_text(from, to, {node_text(bulk("127.0.0.1"), port)});
}
std::string map_text(const std::vector<std::string>& ranges)
{
    auto out = "*" + std::to_string(ranges.size()) + "\r\n";
    for (const auto& r : ranges) out += r;
    return out;
}

std::vector<slot_range> parsed(const std::string& bytes, const std::string& same_host)
{
    resp::reader reader;
    EXPECT_EQ(reader.read(bytes), resp::progress::complete);
    return parse_slots(reader.root(bytes), same_host);
}

TEST(cluster_map, a_host_that_a_node_does_not_name_is_the_one_that_replied)
{
    const auto host_of = [](const std::string& node) {
        const auto ranges = parsed(map_text({range_text(0, 16383, {node})}), "asked");
        return ranges.size() == 1 ? ranges[0].master.text() : "none";
    };
    EXPECT_EQ(host_of(node_text(bulk("there"), 7000)), "there:7000");
    EXPECT_EQ(host_of(node_text(bulk(""), 7000)), "asked:7000");
    EXPECT_EQ(host_of(node_text(bulk("?"), 7000)), "asked:7000");
    EXPECT_EQ(host_of(node_text(null_text, 7000)), "asked:7000");
    // "?" means that no host name is configured, so the address in the metadata may be used. Null means that it may
    // not.
    EXPECT_EQ(host_of(node_text(bulk("?"), 7000, "10.0.0.7")), "10.0.0.7:7000");
    EXPECT_EQ(host_of(node_text(bulk("?"), 7000, "?")), "asked:7000");
    EXPECT_EQ(host_of(node_text(null_text, 7000, "10.0.0.7")), "asked:7000");
    for (const auto* text : {"MOVED 5 :7000", "MOVED 5 ?:7000", "ASK 5 ?:7000"}) {
        const auto r = parse_redirect(text, "asked");
        EXPECT_TRUE(r && r->to == (address{"asked", 7000})) << text;
    }
    const auto six = parse_redirect("MOVED 5 ::1:7000", "asked");
    EXPECT_TRUE(six && six->to == (address{"::1", 7000}));
}

class cluster_map_test : public loop_test {
 protected:
    /// A node that replies to CLUSTER SLOTS with map_(its number), and to everything else with `other`.
    std::unique_ptr<scripted_server> node(const scripted_server::script& other)
    {
        return std::make_unique<scripted_server>(
            [this, number = nodes_++, other](const scripted_server::command& c, std::size_t connection) -> std::string {
                if (c[0] == "HELLO") return scripted_server::default_reply(c);
                if (c[0] != "CLUSTER") return other(c, connection);
                const std::scoped_lock lock{mutex_};
                return map_(number);
            });
    }
    void answer_with(std::function<std::string(std::size_t node)> map)
    {
        const std::scoped_lock lock{mutex_};
        map_ = std::move(map);
    }
    static options cluster_at(unsigned port) { return to("redis-cluster://127.0.0.1:" + std::to_string(port)); }
    static std::size_t count(const scripted_server& s, std::string_view name)
    {
        std::size_t n = 0;
        for (const auto& c : s.commands()) n += c[0] == name ? 1U : 0U;
        return n;
    }

 private:
    std::mutex mutex_;
    std::function<std::string(std::size_t)> map_ = [](std::size_t) { return "*0\r\n"; };
    std::size_t nodes_ = 0;
};

constexpr std::size_t half = slot_count / 2;
const std::string low_key = "{bar}";   // slot 5061
const std::string high_key = "{foo}";  // slot 12182

// Every slot is a range of its own: 250,000 elements, replicas included.
TEST_F(cluster_map_test, a_map_of_16384_ranges_is_read_and_followed)
{
    auto even = node([](const auto&, auto) { return "$4\r\neven\r\n"; });
    auto odd = node([](const auto&, auto) { return "$3\r\nodd\r\n"; });
    std::vector<std::string> ranges;
    for (std::size_t slot = 0; slot < slot_count; ++slot) {
        ranges.push_back(range_text(
            slot, slot,
            {node_text(bulk("127.0.0.1"), slot % 2 == 0 ? even->port() : odd->port(), "127.0.0.1"),
             node_text(bulk("10.255.0.1"), 7000, "10.255.0.1"), node_text(bulk("10.255.0.2"), 7000, "10.255.0.2")}));
    }
    answer_with([text = map_text(ranges)](std::size_t) { return text; });
    client redis{io, cluster_at(even->port())};
    run([&]() -> asio::awaitable<void> {
        for (int i = 0; i < 50; ++i) {
            const auto key = "key" + std::to_string(i);
            const auto got = co_await redis.exec<std::string>(request{"GET", key});
            EXPECT_TRUE(got.has_value()) << got.error().message;
            EXPECT_EQ(got.value(), key_slot(key) % 2 == 0 ? "even" : "odd");
        }
    });
}

// ioredis, redis-py: a map that was fetched while the cluster was being created was never replaced.
TEST_F(cluster_map_test, a_slot_without_an_owner_is_an_error_until_it_has_one)
{
    auto a = node([](const auto&, auto) { return "-CLUSTERDOWN Hash slot not served\r\n"; });
    auto b = node([](const auto&, auto) { return "$1\r\nb\r\n"; });
    const auto low = range_text(0, half - 1, a->port());
    answer_with([=](std::size_t) { return map_text({low}); });
    client redis{io, cluster_at(a->port())};
    const auto begin = now();
    run([&]() -> asio::awaitable<void> {
        const auto refused = co_await redis.exec(request{"GET", high_key}, exec_options{500ms});
        EXPECT_EQ(refused.error().prefix(), "CLUSTERDOWN") << refused.error().message;
    });
    // At most one request for the map in 50 ms, however often callers are refused.
    EXPECT_LE(count(*a, "CLUSTER"), static_cast<std::size_t>((now() - begin) / 50ms) + 1);
    answer_with([=, port = b->port()](std::size_t) { return map_text({low, range_text(half, slot_count - 1, port)}); });
    run([&]() -> asio::awaitable<void> {
        while (count(*b, "GET") == 0) {
            co_await redis.exec(request{"GET", high_key}, exec_options{500ms});
            co_await sleep_for(1ms);
        }
    });
}

TEST_F(cluster_map_test, a_map_with_holes_is_not_used_while_another_node_has_a_whole_one)
{
    auto a = node([](const auto&, auto) { return "-CLUSTERDOWN Hash slot not served\r\n"; });
    auto b = node([](const auto&, auto) { return "$1\r\nb\r\n"; });
    const auto low = range_text(0, half - 1, a->port());
    const auto high = range_text(half, slot_count - 1, b->port());
    answer_with([=](std::size_t n) { return n == 0 ? map_text({low}) : map_text({low, high}); });
    client redis{
        io, to("redis-cluster://127.0.0.1:" + std::to_string(a->port()) + ",127.0.0.1:" + std::to_string(b->port()))};
    run([&]() -> asio::awaitable<void> {
        for (int i = 0; i < 5; ++i) {
            const auto down = co_await redis.exec(request{"GET", low_key}, exec_options{100ms});  // refetches the map
            EXPECT_EQ(down.error().prefix(), "CLUSTERDOWN");
            const auto got = co_await redis.exec<std::string>(request{"GET", high_key}, exec_options{500ms});
            EXPECT_TRUE(got.has_value()) << got.error().message;
        }
    });
}

TEST_F(cluster_map_test, a_node_that_was_never_up_is_replaced_when_the_map_changes)
{
    testing::fault_proxy dead{1};
    dead.refuse();
    auto a = node([](const auto&, auto) { return "$1\r\na\r\n"; });
    auto b = node([](const auto&, auto) { return "$1\r\nb\r\n"; });
    const auto low = range_text(0, half - 1, a->port());
    answer_with(
        [=, port = dead.port()](std::size_t) { return map_text({low, range_text(half, slot_count - 1, port)}); });
    client redis{io, cluster_at(a->port())};
    run([&]() -> asio::awaitable<void> {
        const auto got = co_await redis.exec<std::string>(request{"GET", low_key});
        EXPECT_EQ(got.value(), "a");
        const auto refused = co_await redis.exec(request{"GET", high_key}, exec_options{100ms});
        EXPECT_EQ(refused.error().outcome, outcome::not_sent);
        answer_with(
            [=, port = b->port()](std::size_t) { return map_text({low, range_text(half, slot_count - 1, port)}); });
        while (count(*b, "GET") == 0) {
            co_await redis.exec(request{"GET", high_key}, exec_options{100ms});
            co_await sleep_for(1ms);
        }
    });
}

// Lettuce: a node that was partitioned from the others was always queried first.
TEST_F(cluster_map_test, an_outdated_node_is_not_the_only_source_of_the_map)
{
    testing::fault_proxy dead{1};
    dead.refuse();
    auto a = node([](const auto&, auto) { return "$1\r\na\r\n"; });
    auto b = node([](const auto&, auto) { return "$1\r\nb\r\n"; });
    const auto low = range_text(0, 5000, a->port());
    answer_with([&, low](std::size_t n) {
        const auto mine = n == 0 ? dead.port() : b->port();
        return map_text({low, range_text(5001, half - 1, b->port()), range_text(half, slot_count - 1, mine)});
    });
    client redis{io, cluster_at(a->port())};
    run([&]() -> asio::awaitable<void> {
        for (;;) {
            const auto got = co_await redis.exec<std::string>(request{"GET", high_key}, exec_options{500ms});
            if (got) break;
            co_await sleep_for(1ms);
        }
    });
}

TEST_F(cluster_map_test, a_node_that_sends_its_map_slowly_gets_enough_time)
{
    auto a = node([](const auto&, auto) { return "$1\r\na\r\n"; });
    testing::fault_proxy far{a->port()};
    far.delay(testing::direction::to_client, 250ms);
    answer_with([&](std::size_t) { return map_text({range_text(0, slot_count - 1, far.port())}); });
    client redis{io, cluster_at(far.port())};
    run([&]() -> asio::awaitable<void> {
        const auto got = co_await redis.exec<std::string>(request{"GET", low_key}, exec_options{10s});
        EXPECT_TRUE(got.has_value()) << got.error().message;
    });
}

// A node that does not know the new owner's address, and one that redirects to itself before it has taken over the
// slot.
TEST_F(cluster_map_test, MOVED_to_the_node_that_sent_it_is_retried_with_pauses_and_a_limit)
{
    for (const std::string host : {"?", "", "127.0.0.1"}) {
        std::atomic<unsigned short> self = 0;
        std::atomic<bool> mine = false;
        auto a = node([&, slot = std::to_string(key_slot(low_key))](const auto&, auto) {
            return mine ? "$1\r\na\r\n" : "-MOVED " + slot + " " + host + ":" + std::to_string(self) + "\r\n";
        });
        self = a->port();
        answer_with([&](std::size_t) { return map_text({range_text(0, slot_count - 1, self)}); });
        client redis{io, cluster_at(self)};
        run([&]() -> asio::awaitable<void> {
            const auto refused = co_await redis.exec(request{"GET", low_key});
            EXPECT_EQ(refused.error().prefix(), "MOVED");
            EXPECT_THAT(count(*a, "GET"), ::testing::AllOf(::testing::Ge(2U), ::testing::Le(13U))) << host;
            mine = true;
            const auto got = co_await redis.exec<std::string>(request{"GET", low_key});
            EXPECT_EQ(got.value(), "a");
        });
    }
}

TEST_F(cluster_map_test, temporary_refusals_are_retried_with_a_limit)
{
    for (const std::string refusal :
         {"CLUSTERDOWN The cluster is down", "TRYAGAIN Multiple keys request during rehashing of slot",
          "LOADING Redis is loading the dataset in memory", "MASTERDOWN Link with MASTER is down",
          "READONLY You can't write against a read only replica."}) {
        auto a = node([=](const auto&, auto) { return "-" + refusal + "\r\n"; });
        answer_with([port = a->port()](std::size_t) { return map_text({range_text(0, slot_count - 1, port)}); });
        client redis{io, cluster_at(a->port())};
        run([&]() -> asio::awaitable<void> {
            const auto begin = now();
            const auto refused = co_await redis.exec(request{"SET", low_key, "v"});
            EXPECT_EQ(refused.error().message, refusal);
            EXPECT_LT(now() - begin, 2500ms);
        });
        EXPECT_THAT(count(*a, "SET"), ::testing::AllOf(::testing::Ge(2U), ::testing::Le(13U))) << refusal;
    }
}

}  // namespace
}  // namespace larder::redis
