// SPDX-License-Identifier: MIT
// agora with a real Redis: the connection test of the command line, the deep health answer, what the log says.
#include <gtest/gtest.h>

#include "tests/e2e/agora_process.hpp"

#include <algorithm>
#include <larder/testing/redis_server.hpp>

namespace agora::e2e {
namespace {

using larder::testing::redis_server;

struct finished {
    int code;
    std::string output;
    bool has(const std::string& part) const { return output.find(part) != std::string::npos; }
};

finished check(const std::vector<std::string>& arguments, const std::vector<std::string>& settings = {})
{
    std::vector<std::string> all{"redis", "check"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    larder::testing::process p{agora_command(settings, all)};
    const int code = p.wait();
    return {code, p.output()};
}

TEST(redis_check, shows_each_step_with_its_time)
{
    const auto good = check({redis_server::shared().url()});
    EXPECT_EQ(good.code, 0) << good.output;
    for (const auto* part : {"ok   connect", "Redis 7.0", "RESP3, no TLS", "ok   SET", "ok   GET", "ok   DELETE",
                             "All targets are met."}) {
        EXPECT_TRUE(good.has(part)) << part << good.output;
    }
    EXPECT_EQ(redis_server::shared().command({"DBSIZE"}), "0");
    const auto json = check({"--json", redis_server::shared().url()});
    EXPECT_TRUE(json.has(R"("ok":true,"targets_met":true)")) << json.output;
    // The configured one, by the documents' precedence.
    EXPECT_EQ(check({}, {"REDIS_PRIVATE_URL=" + redis_server::shared().url(), "REDIS_HOST=no.invalid"}).code, 0);
}

TEST(redis_check, takes_the_cache_through_its_steps)
{
    const auto good = check({"--cache", redis_server::shared().url()});
    for (const auto* part : {"ok   keys", "ok   set", "ok   get ", "ok   get (L1)", "ok   remove", "ok   50 ask",
                             "ok   tag", "ok   expiry", "ok   stats"}) {
        EXPECT_TRUE(good.has(part)) << part << good.output;
    }
    EXPECT_FALSE(good.has("FAIL")) << good.output;
    redis_server::shared().command({"FLUSHALL"});
}

TEST(redis_check, names_the_next_step_for_each_kind_of_failure)
{
    auto& server = redis_server::shared();
    server.command({"ACL", "SETUSER", "ann", "on", ">right", "~*", "&*", "+@all", "-del"});
    const auto at = "@127.0.0.1:" + std::to_string(server.port());
    struct failure {
        std::string url;
        int code;
        std::string said;
    };
    const std::vector<failure> failures{
        {"redis://ann:hunter2" + at, 1, "check user and password"},
        {"redis://ann:right" + at, 1, "let the ACL user run the command"},
        {server.url() + "/99", 1, "use a database number below"},
        {"redis://127.0.0.1:" + std::to_string(larder::testing::free_port()), 1, "is Redis running there"},
        {"redis://no-such-host.invalid", 1, "check the host's name"},
        {"redis://:hunter2#" + at, 2, "percent-encode it as %23"},
        {"redis://h/x", 2, "the database 'x'"},
    };
    for (const auto& f : failures) {
        const auto r = check({f.url});
        EXPECT_EQ(r.code, f.code) << r.output;
        EXPECT_TRUE(r.has(f.said)) << r.output;
        EXPECT_FALSE(r.has("hunter2")) << r.output;
    }
    server.command({"ACL", "DELUSER", "ann"});
    const redis_server secure{{.arguments = {}, .tls = true, .appendonly = false}};
    const auto trusted = check({secure.url() + "?ca=" + secure.file("ca.crt").string()});
    EXPECT_EQ(trusted.code, 0) << trusted.output;
    EXPECT_TRUE(trusted.has("TLSv1.3")) << trusted.output;
    const auto untrusted = check({secure.url()});
    EXPECT_EQ(untrusted.code, 1);
    EXPECT_TRUE(untrusted.has("name the authority's certificate with ?ca=FILE")) << untrusted.output;
    const auto none = check({});
    EXPECT_EQ(none.code, 2);
    EXPECT_TRUE(none.has("REDIS_URL is not set")) << none.output;
}

TEST(redis_in_health, is_told_when_well_and_degrades_when_away)
{
    redis_server redis;
    const community c{"sqlite"};
    agora_process agora{c, {"REDIS_URL=" + redis.url(), "LOG_LEVEL=debug"}, false};
    auto deep = call(agora.port(), "GET", "/health/deep");
    EXPECT_EQ(deep.status, 200);
    for (const auto* part : {R"("status":"healthy")", R"("name":"redis")", R"("role":"master")", R"("used_memory":)",
                             R"("memory_usage":)", R"("connected_clients":)"}) {
        EXPECT_NE(deep.body.find(part), std::string::npos) << part << deep.body;
    }
    redis.crash();
    deep = call(agora.port(), "GET", "/health/deep");
    EXPECT_EQ(deep.status, 200);
    EXPECT_NE(deep.body.find(R"("status":"degraded")"), std::string::npos) << deep.body;
    EXPECT_EQ(call(agora.port(), "GET", "/ready").status, 200);
    redis.start();
    for (int i = 0; i < 100 && deep.body.find("degraded") != std::string::npos; ++i)
        deep = call(agora.port(), "GET", "/health/deep");
    EXPECT_NE(deep.body.find(R"("status":"healthy")"), std::string::npos) << deep.body;
    EXPECT_NE(agora.output().find("redis INFO"), std::string::npos);
}

TEST(redis_in_doctor, is_told_when_well_and_when_away)
{
    const larder::testing::temporary_folder folder;
    const auto doctor = [&](const std::string& url) {
        larder::testing::process p{
            agora_command({"REDIS_URL=" + url, "AGORA_DATA=" + folder.path().string()}, {"doctor"})};
        const int code = p.wait();
        return finished{code, p.output()};
    };
    EXPECT_TRUE(doctor(redis_server::shared().url()).has("Redis 7.0"));
    const auto away = doctor("redis://:hunter2@127.0.0.1:" + std::to_string(larder::testing::free_port()));
    EXPECT_EQ(away.code, 1);
    EXPECT_TRUE(away.has("Connection refused")) << away.output;
    EXPECT_TRUE(away.has("next: agora redis check")) << away.output;
    EXPECT_FALSE(away.has("hunter2")) << away.output;
}

TEST(redis_settings, a_wrong_url_stops_the_start_with_one_line)
{
    larder::testing::process p{agora_command({"REDIS_URL=redis://:p#w@h"}, {"serve"})};
    EXPECT_EQ(p.wait(), 2);
    EXPECT_EQ(p.output(),
              "agora: REDIS_URL: it contains a '#'; if that belongs to the password, percent-encode it as %23\n");
}

}  // namespace
}  // namespace agora::e2e
