// SPDX-License-Identifier: MIT
// Rate limits as clients see them, in memory and on a Redis that two processes share.
#include <gtest/gtest.h>

#include <larder/testing/redis_server.hpp>

#include "tests/e2e/agora_process.hpp"

namespace agora::e2e {
namespace {

using larder::testing::redis_server;

class limits_on : public ::testing::TestWithParam<const char*> {
 protected:
    std::vector<std::string> settings() const
    {
        if (GetParam() == std::string{"memory"}) return {};
        redis_server::shared().command({"FLUSHALL"});
        return {"REDIS_URL=" + redis_server::shared().url()};
    }
    community data_{"sqlite"};
};
INSTANTIATE_TEST_SUITE_P(each, limits_on, ::testing::Values("memory", "redis"), [](const auto& p) { return p.param; });

TEST_P(limits_on, five_requests_a_minute_whatever_headers_a_client_sends)
{
    const agora_process server{data_, settings(), false};
    const auto ask = [&](const std::string& fields = {}) {
        return call(server.port(), "GET", "/api/rate-limited", fields);
    };
    for (int i = 0; i < 5; ++i) {
        const auto a = ask();
        EXPECT_EQ(a.status, 200) << a.body;
        EXPECT_EQ(values_of(a.body, "message")[0], "\"This endpoint is rate limited to 5 requests per minute\"");
        EXPECT_EQ(a.field("X-RateLimit-Limit"), "5");
        EXPECT_EQ(a.field("X-RateLimit-Remaining"), std::to_string(4 - i));
        EXPECT_EQ(a.field("RateLimit-Policy"), "\"rate_limited\";q=5;w=60");
    }
    for (const auto* trick :
         {"", "X-Forwarded-For: 203.0.113.5\r\n", "X-API-Key: made-up\r\n", "X-Real-IP: 203.0.113.5\r\n"}) {
        const auto a = ask(trick);
        EXPECT_EQ(a.status, 429) << trick;
        EXPECT_EQ(a.field("Content-Type"), "application/problem+json");
        EXPECT_LE(std::stoi(a.field("Retry-After")), 60);
        EXPECT_GE(std::stoi(a.field("Retry-After")), 50) << "refused requests do not extend the wait";
        EXPECT_EQ(a.field("X-RateLimit-Remaining"), "0");
    }
    EXPECT_EQ(call(server.port(), "GET", "/api/slow-limited").status, 200) << "this route has another limit";
    EXPECT_EQ(call(server.port(), "GET", "/api/slow-limited").status, 200);
    EXPECT_EQ(call(server.port(), "GET", "/api/slow-limited").status, 429);
}

TEST_P(limits_on, behind_a_trusted_proxy_clients_are_distinguished)
{
    auto s = settings();
    s.emplace_back("TRUSTED_PROXIES=127.0.0.0/8");
    const agora_process server{data_, s, false};
    const auto ask = [&](const std::string& from) {
        return call(server.port(), "GET", "/api/slow-limited", "X-Forwarded-For: " + from + "\r\n").status;
    };
    EXPECT_EQ(ask("203.0.113.5"), 200);
    EXPECT_EQ(ask("made-up, 203.0.113.5"), 200);
    EXPECT_EQ(ask("198.51.100.1, 203.0.113.5"), 429) << "addresses that the client added itself are ignored";
    EXPECT_EQ(ask("203.0.113.6"), 200);
}

TEST(limits, processes_that_share_a_redis_count_together_and_alone_without_it)
{
    redis_server redis;
    const community data{"sqlite"};
    const std::vector<std::string> settings{"REDIS_URL=" + redis.url()};
    const agora_process a{data, settings, false};
    const agora_process b{data, settings, false};
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(call((i % 2 == 0 ? a : b).port(), "GET", "/api/rate-limited").status, 200) << i;
    EXPECT_EQ(call(a.port(), "GET", "/api/rate-limited").status, 429);
    EXPECT_EQ(call(b.port(), "GET", "/api/rate-limited").status, 429);
    redis.crash();
    EXPECT_EQ(call(a.port(), "GET", "/api/slow-limited").status, 200) << "without Redis each process counts for itself";
    EXPECT_EQ(call(a.port(), "GET", "/api/slow-limited").status, 200);
    EXPECT_EQ(call(a.port(), "GET", "/api/slow-limited").status, 429);
    EXPECT_EQ(call(b.port(), "GET", "/api/slow-limited").status, 200);
}

}  // namespace
}  // namespace agora::e2e
