// SPDX-License-Identifier: MIT
// Three processes that share a Redis and a database: how often handlers run when many clients request the same resource
// at once, and during a full clear of the cache.
#include <gtest/gtest.h>

#include "tests/e2e/agora_process.hpp"

#include <atomic>
#include <larder/testing/redis_server.hpp>
#include <list>
#include <thread>

namespace agora::e2e {
namespace {

using namespace std::chrono_literals;

class three_processes : public ::testing::Test {
 protected:
    three_processes()
    {
        auto settings = std::vector<std::string>{"REDIS_URL=" + redis.url()};
        for (int i = 0; i < 3; ++i) servers.emplace_back(data, settings);
        for (const auto& s : servers) ports.push_back(s.port());
    }
    /// How often handlers have run for a region, in all processes together.
    int loads(const std::string& region) const
    {
        int sum = 0;
        for (const auto port : ports) {
            const auto text = call(port, "GET", "/metrics", as_operator).body;
            const auto name = R"(larder_cache_load_duration_seconds_count{region=")" + region + R"("} )";
            const auto at = text.find(name);
            EXPECT_NE(at, std::string::npos) << text;
            if (at != std::string::npos) sum += std::stoi(text.substr(at + name.size()));
        }
        return sum;
    }

    larder::testing::redis_server redis;
    community data{"sqlite"};
    std::list<agora_process> servers;
    std::vector<std::uint16_t> ports;
};

TEST_F(three_processes, a_thousand_requests_for_a_missing_entry_cause_one_load)
{
    std::list<http::raw_client> clients;
    for (int i = 0; i < 1000; ++i) clients.emplace_back(ports[static_cast<std::size_t>(i) % 3]);
    for (auto& c : clients) c.send(request_text("GET", "/api/cached-data?user_id=crowd"));
    std::string body;
    for (auto& c : clients) {
        const answer a{c.answer()};
        ASSERT_EQ(a.status, 200) << a.body;
        if (body.empty()) body = a.body;
        ASSERT_EQ(a.body, body);
    }
    EXPECT_EQ(loads("cache:get_cached_data:{}"), 1);
}

TEST_F(three_processes, a_full_clear_under_load_costs_at_most_two_queries_per_key)
{
    constexpr int keys = 40;
    const auto target = [](int i) { return "/api/posts/" + std::to_string(i % keys + 2); };
    std::atomic<bool> over = false;
    std::atomic<int> wrong = 0;
    std::atomic<int> requests = 0;
    std::vector<std::thread> clients;
    for (int v = 0; v < 6; ++v)
        clients.emplace_back([&, v] {
            http::raw_client client{ports[static_cast<std::size_t>(v) % 3]};
            for (int i = v * 7; !over; ++i, ++requests)
                if (const answer a{client.get(target(i))}; a.status != 200 && a.status != 404) ++wrong;
        });
    const auto until = [&](auto holds) {
        const auto end = std::chrono::steady_clock::now() + 30s;
        while (!holds() && std::chrono::steady_clock::now() < end) call(ports[0], "GET", "/live");
        return holds();
    };
    EXPECT_TRUE(until([&] { return requests > 3000; }));
    for (int round = 0; round < 3; ++round) {
        const auto before = loads("post:{}");
        const auto cleared = call(ports[0], "POST", "/api/admin/cache/clear", as_operator, R"({"all":true})");
        EXPECT_EQ(cleared.status, 200) << cleared.body;
        const int so_far = requests;
        EXPECT_TRUE(until([&] { return requests > so_far + 3000; }));
        EXPECT_LE(loads("post:{}") - before, 2 * keys) << "round " << round;
        EXPECT_GT(loads("post:{}") - before, 0);
    }
    over = true;
    for (auto& v : clients) v.join();
    EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace agora::e2e
