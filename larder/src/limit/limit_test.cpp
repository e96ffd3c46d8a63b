// SPDX-License-Identifier: MIT
// Tests of the rate limits: exact and approximate rules, in one process (with a manual clock) and shared in Redis, and
// the behaviour without Redis.
#include <gmock/gmock.h>
#include <larder/limit.hpp>
#include <larder/redis.hpp>
#include <larder/testing/fault_proxy.hpp>
#include <larder/testing/manual_clock.hpp>
#include <larder/testing/redis_server.hpp>
#include <random>
#include <set>
#include <stdexcept>

namespace larder {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

limit_rule exactly(std::uint32_t quota, std::chrono::milliseconds window) { return {"exact", quota, window}; }

limit_rule about(std::uint32_t quota, std::chrono::milliseconds window, std::uint32_t burst)
{
    return {"about", quota, window, true, burst};
}

/// Limits in this process, with a clock that the test sets.
class local_limit : public ::testing::Test {
 protected:
    limiter make()
    {
        limiter_options o;
        o.time = &time_;
        return limiter{o};
    }
    testing::manual_clock time_;
};

TEST_F(local_limit, an_exact_rule_admits_exactly_its_quota_in_each_window)
{
    auto all = make();
    auto& five = all.limit(exactly(5, 60s));
    for (std::uint32_t i = 0; i < 5; ++i, time_.advance(1s)) {
        const auto d = five.try_take("ann");
        EXPECT_TRUE(d->allowed);
        EXPECT_EQ(d->remaining, 4 - i);
        EXPECT_EQ(d->retry_after, 60s - i * 1s);
    }
    const auto refused = five.try_take("ann");
    EXPECT_FALSE(refused->allowed);
    EXPECT_EQ(refused->remaining, 0U);
    EXPECT_EQ(refused->retry_after, 55s);
    EXPECT_TRUE(five.try_take("bob")->allowed) << "bob is a different client";
}

TEST_F(local_limit, refused_hits_do_not_extend_the_wait)
{
    auto all = make();
    auto& one = all.limit(exactly(1, 10s));
    EXPECT_TRUE(one.try_take("ann")->allowed);
    for (int i = 0; i < 9; ++i) {
        time_.advance(1s);
        EXPECT_FALSE(one.try_take("ann")->allowed);
    }
    time_.advance(1s);
    EXPECT_TRUE(one.try_take("ann")->allowed);
}

TEST_F(local_limit, an_exact_rule_agrees_with_a_log_of_all_hits)
{
    std::mt19937 random{7};
    for (int round = 0; round < 50; ++round) {
        auto all = make();
        const auto quota = std::uniform_int_distribution<std::uint32_t>{1, 20}(random);
        auto& limit = all.limit(exactly(quota, 1s));
        std::vector<boot_time> admitted;
        for (int i = 0; i < 1000; ++i) {
            time_.advance(std::chrono::milliseconds{std::uniform_int_distribution<>{0, 150}(random)});
            const auto begin = time_.steady() - 1s;
            const auto inside = std::ranges::count_if(admitted, [&](auto t) { return t > begin; });
            const auto d = limit.try_take("ann");
            ASSERT_EQ(d->allowed, inside < quota) << "round " << round << ", hit " << i;
            if (d->allowed) admitted.push_back(time_.steady());
        }
    }
}

TEST_F(local_limit, a_bucket_admits_its_burst_and_then_its_rate)
{
    auto all = make();
    auto& bucket = all.limit(about(10, 1s, 3));
    for (std::uint32_t i = 0; i < 3; ++i) EXPECT_EQ(bucket.try_take("ann")->remaining, 2 - i);
    const auto refused = bucket.try_take("ann");
    EXPECT_FALSE(refused->allowed);
    EXPECT_EQ(refused->retry_after, 100ms);
    time_.advance(99ms);
    EXPECT_FALSE(bucket.try_take("ann")->allowed);
    time_.advance(1ms);
    EXPECT_TRUE(bucket.try_take("ann")->allowed);
    time_.advance(1h);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.try_take("ann")->allowed);
    EXPECT_FALSE(bucket.try_take("ann")->allowed) << "a pause earns no more than the burst";
}

TEST_F(local_limit, memory_is_bounded_when_there_are_very_many_clients)
{
    limiter_options o;
    o.time = &time_;
    o.memory = 64 << 10;
    limiter all{o};
    auto& one = all.limit(exactly(1, 60s));
    for (int i = 0; i < 100'000; ++i) one.try_take("made-up-" + std::to_string(i));
    EXPECT_LT(one.stats().clients, 1000U);
    EXPECT_EQ(one.stats().allowed, 100'000U);
}

TEST_F(local_limit, a_forgotten_client_starts_with_a_full_quota)
{
    auto all = make();
    auto& one = all.limit(exactly(1, 60s));
    EXPECT_TRUE(one.try_take("ann")->allowed);
    EXPECT_FALSE(one.try_take("ann")->allowed);
    asio::io_context loop;
    asio::co_spawn(loop, one.forget("ann"), [](std::exception_ptr e) { EXPECT_FALSE(e); });
    loop.run();
    EXPECT_TRUE(one.try_take("ann")->allowed);
}

TEST_F(local_limit, a_refunded_hit_does_not_count)
{
    auto all = make();
    auto& two = all.limit(exactly(2, 60s));
    asio::io_context loop;
    const auto refund = [&](limit_decision d) {
        asio::co_spawn(loop, two.refund("ann", d), [](std::exception_ptr e) { EXPECT_FALSE(e); });
        loop.restart();
        loop.run();
    };
    for (int i = 0; i < 10; ++i) refund(*two.try_take("ann"));
    EXPECT_EQ(two.try_take("ann")->remaining, 1U);
    EXPECT_EQ(two.try_take("ann")->remaining, 0U);
    refund(*two.try_take("ann"));
    EXPECT_FALSE(two.try_take("ann")->allowed) << "a refused hit was never counted";
}

TEST_F(local_limit, invalid_rules_are_rejected_with_their_name)
{
    auto all = make();
    const auto why = [&](limit_rule r) -> std::string {
        try {
            all.limit(std::move(r));
        } catch (const std::invalid_argument& e) {
            return e.what();
        }
        return "";
    };
    EXPECT_EQ(why({"posting", 0, 1s}), "limit posting: its quota must be at least 1");
    EXPECT_EQ(why({"posting", 1, 0s}), "limit posting: its window must be longer than 0");
    EXPECT_THAT(why({"posting", 1001, 1s}), ::testing::HasSubstr("approximate"));
    EXPECT_THAT(why({"a:b", 1, 1s}), ::testing::HasSubstr("name"));
    EXPECT_EQ(why({"posting", 1, 1s}), "");
    EXPECT_EQ(why({"posting", 1, 1s}), "limit posting: this name is already in use");
}

TEST_F(local_limit, a_window_beyond_the_clocks_range_is_capped)
{
    auto all = make();
    for (const auto& rule : {limit_rule{"exact", 2, std::chrono::hours::max()},
                             limit_rule{"about", 2, std::chrono::milliseconds::max(), true, 2}}) {
        auto& two = all.limit(rule);
        for (int i = 0; i < 2; ++i, time_.advance(1h)) EXPECT_TRUE(two.try_take("ann")->allowed) << rule.name;
        for (int i = 0; i < 2; ++i, time_.advance(1000h)) {
            const auto refused = two.try_take("ann");
            EXPECT_FALSE(refused->allowed) << rule.name;
            EXPECT_GT(refused->retry_after, 24h * 365) << rule.name;
        }
    }
}

/// Processes that share a Redis.
class shared_limit : public ::testing::Test {
 protected:
    struct node {
        node(runtime& r, const redis::options& o) : client{r, o}, limits{client} {}
        redis::client client;
        limiter limits;
    };
    void TearDown() override
    {
        run([&]() -> asio::awaitable<void> {
            for (auto& n : nodes_) co_await n->client.disconnect();
        });
    }

    limiter& add_node(const std::string& url)
    {
        nodes_.push_back(std::make_unique<node>(loops_, *redis::parse_url(url)));
        return nodes_.back()->limits;
    }
    template <class F>
    void run(F f)
    {
        loops_.run_until_done(f());
    }
    template <class T>
    T get(asio::awaitable<T> a)
    {
        std::optional<T> out;
        run([&]() -> asio::awaitable<void> { out.emplace(co_await std::move(a)); });
        return *std::move(out);
    }

    testing::redis_server& server_ = testing::redis_server::shared();
    runtime loops_{runtime_options{.loops = 1}};
    std::vector<std::unique_ptr<node>> nodes_;
};

TEST_F(shared_limit, a_window_beyond_the_clocks_range_is_capped)
{
    server_.command({"FLUSHALL"});
    auto& limits = add_node(server_.url());
    for (const auto& rule : {limit_rule{"exact", 2, std::chrono::hours::max()},
                             limit_rule{"about", 2, std::chrono::milliseconds::max(), true, 2}}) {
        auto& two = limits.limit(rule);
        for (int i = 0; i < 2; ++i) EXPECT_TRUE(get(two.take("ann")).allowed) << rule.name;
        const auto refused = get(two.take("ann"));
        EXPECT_FALSE(refused.allowed) << rule.name;
        EXPECT_TRUE(refused.shared) << rule.name;
        EXPECT_GT(refused.retry_after, 24h * 365) << rule.name;
    }
}

TEST_F(shared_limit, nodes_count_together)
{
    server_.command({"FLUSHALL"});
    auto& a = add_node(server_.url()).limit(exactly(3, 60s));
    auto& b = add_node(server_.url()).limit(exactly(3, 60s));
    EXPECT_EQ(get(a.take("ann")).remaining, 2U);
    EXPECT_EQ(get(b.take("ann")).remaining, 1U);
    EXPECT_EQ(get(a.take("ann")).remaining, 0U);
    const auto refused = get(b.take("ann"));
    EXPECT_FALSE(refused.allowed);
    EXPECT_TRUE(refused.shared);
    EXPECT_GT(refused.retry_after, 50s);
    EXPECT_LE(refused.retry_after, 60s);
    EXPECT_TRUE(get(b.take("bob")).allowed);
    EXPECT_EQ(server_.command({"LLEN", "limit:exact:ann"}), "3");
}

TEST_F(shared_limit, a_hit_is_refunded_where_it_was_counted)
{
    server_.command({"FLUSHALL"});
    auto& a = add_node(server_.url()).limit(exactly(1, 60s));
    auto& b = add_node(server_.url()).limit(exactly(1, 60s));
    const auto refund = [&](rate_limit& by, limit_decision d) {
        run([&]() -> asio::awaitable<void> { co_await by.refund("ann", d); });
    };
    const auto first = get(a.take("ann"));
    EXPECT_FALSE(get(a.take("ann")).allowed);
    refund(a, first);
    EXPECT_TRUE(get(a.take("ann")).allowed) << "a refund ends the refusal";
    limit_decision alone;
    alone.shared = false;  // as if decided while Redis was unreachable
    refund(a, alone);
    EXPECT_FALSE(get(b.take("ann")).allowed);
    EXPECT_EQ(server_.command({"LLEN", "limit:exact:ann"}), "1");
}

TEST_F(shared_limit, a_refusal_is_cached_without_another_call_to_redis)
{
    server_.command({"FLUSHALL"});
    auto& one = add_node(server_.url()).limit(exactly(1, 60s));
    EXPECT_TRUE(get(one.take("ann")).allowed);
    EXPECT_FALSE(get(one.take("ann")).allowed);
    for (int i = 0; i < 100; ++i) EXPECT_FALSE(one.try_take("ann")->allowed);
    EXPECT_EQ(one.stats().redis_calls, 2U);
}

TEST_F(shared_limit, an_exact_rule_admits_its_quota_in_any_window)
{
    server_.command({"FLUSHALL"});
    constexpr auto window = 150ms;
    constexpr std::size_t quota = 7;
    std::mt19937 random{11};
    std::set<std::string> seen;
    std::size_t admitted = 0;
    std::vector<rate_limit*> limits;
    for (int i = 0; i < 3; ++i) limits.push_back(&add_node(server_.url()).limit(exactly(quota, window)));
    const auto end = std::chrono::steady_clock::now() + 3s;
    run([&]() -> asio::awaitable<void> {
        while (std::chrono::steady_clock::now() < end) {
            const auto d = co_await limits[random() % limits.size()]->take("ann");
            if (d.allowed) ++admitted;
            const redis::request newest{"LINDEX", "limit:exact:ann", "-1"};
            const auto at = co_await nodes_[0]->client.exec<std::optional<std::string>>(newest);
            if (at && *at) seen.insert(**at);
            const std::chrono::microseconds pause{random() % 20'000};
            co_await sleep_for(std::chrono::duration_cast<std::chrono::milliseconds>(pause));
        }
    });
    EXPECT_EQ(seen.size(), admitted);
    EXPECT_GT(admitted, 15 * quota);
    std::vector<std::int64_t> times;
    for (const auto& t : seen) times.push_back(std::stoll(t));
    for (std::size_t i = quota; i < times.size(); ++i)
        EXPECT_GE(times[i] - times[i - quota], std::chrono::microseconds{window}.count()) << i;
}

TEST_F(shared_limit, special_characters_in_client_names_are_escaped_in_keys)
{
    server_.command({"FLUSHALL"});
    auto& one = add_node(server_.url()).limit(exactly(1, 60s));
    EXPECT_TRUE(get(one.take("a:b*{c}")).allowed);
    EXPECT_EQ(server_.command({"KEYS", "*"}), "limit:exact:a%3Ab%2A%7Bc%7D");
    get([&]() -> asio::awaitable<int> {
        co_await one.forget("a:b*{c}");
        co_return 0;
    }());
    EXPECT_EQ(server_.command({"DBSIZE"}), "0");
    EXPECT_TRUE(get(one.take("a:b*{c}")).allowed);
}

TEST_F(shared_limit, keys_expire_with_their_window)
{
    server_.command({"FLUSHALL"});
    auto& nodes = add_node(server_.url());
    auto& exact = nodes.limit(exactly(1, 60s));
    auto& bucket = nodes.limit(about(60, 60s, 60));
    get(exact.take("ann"));
    get(bucket.take("ann"));
    EXPECT_THAT(std::stoll(server_.command({"PTTL", "limit:exact:ann"})),
                ::testing::AllOf(::testing::Gt(50'000), ::testing::Le(60'001)));
    EXPECT_THAT(std::stoll(server_.command({"PTTL", "limit:about:ann"})),
                ::testing::AllOf(::testing::Gt(0), ::testing::Le(1'001)));
}

TEST_F(shared_limit, a_bucket_that_refills_within_a_millisecond_is_valid)
{
    auto& fast = add_node(server_.url()).limit(about(100'000'000, 1s, 100'000'000));
    EXPECT_TRUE(get(fast.take("ann")).shared) << "its key must not get a TTL of 0 ms, which Redis rejects";
}

TEST_F(shared_limit, tokens_are_borrowed_in_batches_and_none_is_granted_twice)
{
    server_.command({"FLUSHALL"});
    std::vector<rate_limit*> limits;
    for (int i = 0; i < 4; ++i) limits.push_back(&add_node(server_.url()).limit(about(2000, 1s, 1000)));
    const auto began = std::chrono::steady_clock::now();
    const auto end = began + 2s;
    run([&]() -> asio::awaitable<void> {
        while (std::chrono::steady_clock::now() < end) {
            for (auto* l : limits)
                for (int i = 0; i < 20; ++i) co_await l->take("ann");
            co_await sleep_for(1ms);
        }
    });
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    std::uint64_t allowed = 0;
    std::uint64_t redis_calls = 0;
    std::uint64_t all = 0;
    for (const auto* l : limits) {
        allowed += l->stats().allowed;
        redis_calls += l->stats().redis_calls;
        all += l->stats().allowed + l->stats().refused;
        EXPECT_EQ(l->stats().unshared, 0U);
    }
    EXPECT_LE(static_cast<double>(allowed), 1000 + 2000 * took.count());
    EXPECT_GE(static_cast<double>(allowed), 0.9 * (1000 + 2000 * took.count()));
    EXPECT_LT(redis_calls * 10, all);
}

TEST_F(shared_limit, waiting_callers_share_one_borrowed_batch)
{
    server_.command({"FLUSHALL"});
    auto& bucket = add_node(server_.url()).limit(about(64'000, 1s, 64'000));
    int allowed = 0;
    const auto hit = [&]() -> asio::awaitable<void> {
        const auto d = co_await bucket.take("ann");
        allowed += d.allowed ? 1 : 0;
    };
    for (int i = 0; i < 200; ++i) loops_.spawn(0, hit());
    run([&]() -> asio::awaitable<void> {
        while (allowed < 200) co_await sleep_for(1ms);
    });
    EXPECT_LE(bucket.stats().redis_calls, 10U) << "batches of 1, 2, 4, 8, ... tokens";
}

class limit_without_redis : public shared_limit {
 protected:
    limit_decision decide(without_redis policy, int hits = 1)
    {
        auto rule = exactly(2, 60s);
        rule.fallback = policy;
        auto& limit = add_node("redis://127.0.0.1:1").limit(rule);
        limit_decision d;
        for (int i = 0; i < hits; ++i) d = get(limit.take("ann"));
        EXPECT_EQ(limit.stats().unshared, static_cast<std::uint64_t>(hits));
        EXPECT_FALSE(d.shared);
        return d;
    }
};

TEST_F(limit_without_redis, fail_open_allows) { EXPECT_TRUE(decide(without_redis::fail_open, 5).allowed); }
TEST_F(limit_without_redis, fail_closed_refuses)
{
    const auto d = decide(without_redis::fail_closed);
    EXPECT_FALSE(d.allowed);
    EXPECT_EQ(d.retry_after, 1s);
}
TEST_F(limit_without_redis, count_local_counts_in_each_process)
{
    EXPECT_TRUE(decide(without_redis::count_local, 2).allowed);
    EXPECT_FALSE(decide(without_redis::count_local, 3).allowed);
}

TEST_F(shared_limit, an_unresponsive_redis_delays_a_hit_by_at_most_the_deadline)
{
    testing::fault_proxy proxy{server_.port()};
    auto& bucket = add_node("redis://127.0.0.1:" + std::to_string(proxy.port())).limit(about(1000, 1s, 1000));
    EXPECT_TRUE(get(bucket.take("ann")).shared);
    proxy.black_hole(testing::direction::both);
    const auto began = std::chrono::steady_clock::now();
    int decided = 0;
    const auto hit = [&]() -> asio::awaitable<void> {
        const auto d = co_await bucket.take("bob");
        EXPECT_TRUE(d.allowed);
        EXPECT_FALSE(d.shared);
        ++decided;
    };
    for (int i = 0; i < 50; ++i) loops_.spawn(0, hit());
    run([&]() -> asio::awaitable<void> {
        while (decided < 50) co_await sleep_for(1ms);
    });
    EXPECT_LT(std::chrono::steady_clock::now() - began, 2s);
}

}  // namespace
}  // namespace larder
