// SPDX-License-Identifier: MIT
// /metrics counts what routes, cache and Redis did, in a form that promtool accepts.
#include <gtest/gtest.h>

#include "tests/e2e/agora_process.hpp"

#include <fstream>
#include <larder/testing/redis_server.hpp>

namespace agora::e2e {
namespace {

TEST(metrics, count_requests_cache_and_redis_and_pass_promtool)
{
    const community data{"sqlite"};
    const agora_process server{data, {"REDIS_URL=" + larder::testing::redis_server::shared().url()}};
    larder::testing::redis_server::shared().command({"FLUSHALL"});
    const auto get = [&](const std::string& target, const std::string& fields = {}) {
        return call(server.port(), "GET", target, fields);
    };
    EXPECT_EQ(get("/metrics").status, 401);
    for (int i = 0; i < 3; ++i) get("/api/posts/1");
    EXPECT_EQ(get("/api/posts/99999999").status, 404);
    EXPECT_EQ(get("/nowhere").status, 404);

    auto a = get("/metrics", as_operator);
    // The server may notice a moment later that the connection before this one has ended.
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{5};
    while (a.body.find("\nagora_http_connections 1\n") == std::string::npos && std::chrono::steady_clock::now() < until)
        a = get("/metrics", as_operator);
    EXPECT_EQ(a.status, 200);
    EXPECT_EQ(a.field("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
    for (const auto* line : {
             R"(agora_http_requests_total{method="GET",route="/api/posts/{id}",status="2xx"} 3)",
             R"(agora_http_requests_total{method="GET",route="/api/posts/{id}",status="4xx"} 1)",
             R"(agora_http_requests_total{method="none",route="none",status="4xx"} 1)",
             R"(agora_http_request_duration_seconds_bucket{method="GET",route="/api/posts/{id}",le="+Inf"} 4)",
             R"(agora_http_connections 1)",
             R"(larder_cache_hits_total{region="post:{}",level="l1"} 2)",
             R"(larder_cache_misses_total{region="post:{}"} 2)",
             R"(larder_cache_load_duration_seconds_count{region="post:{}"} 2)",
             R"(larder_redis_up 1)",
             R"(larder_cache_tracked 1)",
             R"(larder_redis_circuit{state="closed"} 1)",
         })
        EXPECT_NE(("\n" + a.body).find("\n" + std::string{line} + "\n"), std::string::npos) << line << "\n" << a.body;

    const auto file = data.folder() / "metrics.txt";
    std::ofstream{file} << a.body;
    larder::testing::process lint{{"/bin/sh", "-c", "promtool check metrics < " + file.string()}};
    EXPECT_EQ(lint.wait(), 0) << lint.output();
    EXPECT_EQ(lint.output(), "");
}

}  // namespace
}  // namespace agora::e2e
