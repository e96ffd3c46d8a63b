// SPDX-License-Identifier: MIT
// An import while a deployment is running: its nodes see the imported data within moments.
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "tests/e2e/accounts.hpp"

namespace agora::e2e {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

// Cached lists live for at least 30 s. If new data is seen much sooner, the import has invalidated them.
constexpr auto max_delay = 10s;

TEST(import_beside_nodes, is_visible_on_each_node_at_once)
{
    redis_server::shared().command({"FLUSHALL"});
    const community data{"postgresql"};
    const std::vector<std::string> on_redis{"REDIS_URL=" + redis_server::shared().url()};
    const agora_process a{data, on_redis, false};
    const agora_process b{data, on_redis, false};
    const std::vector<std::string> pages{"/api/posts?include_total=true", "/api/categories", "/api/users/list?limit=5"};
    const auto ask = [&](const agora_process& node, const std::string& page) {
        return call(node.port(), "GET", page, "Accept-Encoding: identity\r\n");
    };
    std::vector<std::string> before;
    for (const auto& page : pages) {
        before.push_back(ask(a, page).body);
        for (const auto* node : {&a, &b}) {
            ask(*node, page);
            const auto warm = ask(*node, page);
            EXPECT_EQ(warm.status, 200) << page << warm.body;
            EXPECT_EQ(warm.body, before.back());
            EXPECT_THAT(warm.field("Cache-Status"), HasSubstr("hit")) << page;
        }
    }
    auto settings = data.settings();
    settings.insert(settings.end(), on_redis.begin(), on_redis.end());
    larder::testing::process import{agora_command(settings, {"import", "stackexchange", demo})};
    ASSERT_EQ(import.wait(), 0) << import.output();
    const auto end = steady_clock::now() + max_delay;
    for (std::size_t i = 0; i < pages.size(); ++i) {
        for (const auto* node : {&a, &b}) {
            auto now = ask(*node, pages[i]);
            while (now.body == before[i] && steady_clock::now() < end) {
                std::this_thread::yield();
                now = ask(*node, pages[i]);
            }
            EXPECT_NE(now.body, before[i]) << pages[i] << (node == &a ? " on the first node" : " on the second node");
        }
    }
}

}  // namespace
}  // namespace agora::e2e
