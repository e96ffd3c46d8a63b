// SPDX-License-Identifier: MIT
// agora with a real Redis: `agora redis check`, the health checks, the log, and a Redis that is slow, silent, refuses
// commands, or is unreachable.
#include <gtest/gtest.h>

#include "tests/e2e/accounts.hpp"

#include <algorithm>
#include <larder/testing/fault_proxy.hpp>
#include <larder/testing/redis_server.hpp>

namespace agora::e2e {
namespace {

using namespace std::chrono_literals;
using larder::testing::direction;
using larder::testing::fault_proxy;

finished check(const std::vector<std::string>& arguments, const std::vector<std::string>& settings = {})
{
    std::vector<std::string> all{"redis", "check"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return run(all, settings);
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
    EXPECT_EQ(check({"--cache", redis_server::shared().url()}).code, 0);
    EXPECT_EQ(redis_server::shared().command({"KEYS", "*"}), "") << "the check must leave no keys";
    const auto json = check({"--json", redis_server::shared().url()});
    EXPECT_TRUE(json.has(R"("ok":true,"targets_met":true)")) << json.output;
    // Without an argument the configured Redis is checked, by the documented precedence of the settings.
    EXPECT_EQ(check({}, {"REDIS_PRIVATE_URL=" + redis_server::shared().url(), "REDIS_HOST=no.invalid"}).code, 0);
}

TEST(redis_check, tests_the_cache_step_by_step)
{
    const auto good = check({"--cache", redis_server::shared().url()});
    for (const auto* part : {"ok   keys", "ok   set", "ok   get ", "ok   get (L1)", "ok   remove", "ok   50 gets",
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
        std::string message;
    };
    const std::vector<failure> failures{
        {"redis://ann:hunter2" + at, 1, "check user and password"},
        {"redis://ann:right" + at, 1, "allow the ACL user to run the command"},
        {server.url() + "/99", 1, "use a database number below"},
        {"redis://127.0.0.1:" + std::to_string(larder::testing::free_port()), 1, "is Redis running there"},
        {"redis://no-such-host.invalid", 1, "check the host's name"},
        {"redis://:hunter2#" + at, 2, "percent-encode it as %23"},
        {"redis://h/x", 2, "the database 'x'"},
    };
    for (const auto& f : failures) {
        const auto r = check({f.url});
        EXPECT_EQ(r.code, f.code) << r.output;
        EXPECT_TRUE(r.has(f.message)) << r.output;
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

TEST(redis_in_health, is_healthy_when_reachable_and_degraded_when_not)
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
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{5};
    while (deep.body.find("degraded") != std::string::npos && std::chrono::steady_clock::now() < end)
        deep = call(agora.port(), "GET", "/health/deep");
    EXPECT_NE(deep.body.find(R"("status":"healthy")"), std::string::npos) << deep.body;
    EXPECT_THAT(agora.output_with("redis SET larder:alive"), HasSubstr("redis SET larder:alive"));
}

/// How long the request takes.
std::chrono::milliseconds time_of(const std::function<void()>& request)
{
    const auto begin = std::chrono::steady_clock::now();
    request();
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
}

class redis_behind_a_proxy : public ::testing::Test {
 protected:
    redis_behind_a_proxy()
    {
        EXPECT_EQ(ask("POST", "/api/auth/register", {}, ann).status, 201);
        const auto set = ask("POST", "/api/sessions", {}, ann_signs_in).field("Set-Cookie");
        cookie_ = "Cookie: " + set.substr(0, set.find(';')) + "\r\n";
        EXPECT_EQ(ask("GET", "/api/auth/me", cookie_).status, 200);
    }
    answer ask(const std::string& method, const std::string& target, const std::string& fields = {},
               const std::string& body = {}) const
    {
        return call(server_.port(), method, target, fields, body);
    }

    redis_server redis_;
    fault_proxy proxy_{redis_.port()};
    community data_{"sqlite"};
    agora_process server_{
        data_, {"REDIS_URL=redis://127.0.0.1:" + std::to_string(proxy_.port()), "LOG_LEVEL=info"}, false};
    std::string cookie_;
};

// Regression: each request with a cookie took 2 s as long as Redis was silent, and so did health, metrics and the
// administration of the cache.
TEST_F(redis_behind_a_proxy, an_unresponsive_redis_delays_nobody)
{
    const std::vector<std::pair<std::string, std::string>> kinds{{"/api/auth/me", cookie_},
                                                                 {"/api/posts", cookie_},
                                                                 {"/api/posts?limit=7", ""},
                                                                 {"/health/deep", ""},
                                                                 {"/health/cache", ""},
                                                                 {"/metrics", as_operator},
                                                                 {"/api/admin/cache/stats", as_operator},
                                                                 {"/api/admin/cache/keys", as_operator}};
    proxy_.black_hole(direction::both);
    const auto silent = std::chrono::steady_clock::now();
    while (ask("GET", "/api/auth/me", cookie_).status == 200 && std::chrono::steady_clock::now() < silent + 20s) {
    }
    EXPECT_LT(std::chrono::steady_clock::now() - silent, 10s);
    for (const auto& [target, fields] : kinds) {
        for (int i = 1; i <= 4; ++i) ask("GET", target, fields);
        for (int i = 5; i <= 12; ++i) {
            const auto took = time_of([&, &t = target, &f = fields] { ask("GET", t, f); });
            EXPECT_LT(took, 500ms) << target << ", request " << i;  // 50 ms, with room for a busy machine
        }
    }
    EXPECT_THAT(ask("GET", "/health/deep").body, HasSubstr(R"("status":"degraded")"));
    proxy_.heal();
    const auto healed = std::chrono::steady_clock::now();
    while (ask("GET", "/api/auth/me", cookie_).status != 200 && std::chrono::steady_clock::now() < healed + 20s) {
    }
    while (ask("GET", "/health/deep").body.find("degraded") != std::string::npos &&
           std::chrono::steady_clock::now() < healed + 20s) {
    }
    EXPECT_LT(std::chrono::steady_clock::now() - healed, 5s);
    const auto log = server_.output_with("has recovered");
    const auto count = [&](const std::string& part) {
        std::size_t n = 0;
        for (auto at = log.find(part); at != std::string::npos; at = log.find(part, at + 1)) ++n;
        return n;
    };
    EXPECT_EQ(count("does not answer"), 1U) << log;
    EXPECT_EQ(count("has recovered"), 1U) << log;
}

TEST_F(redis_behind_a_proxy, a_slow_redis_ends_no_session)
{
    proxy_.delay(direction::both, 150ms);
    for (int i = 0; i < 4; ++i) {
        const auto in = ask("POST", "/api/sessions", {}, ann_signs_in);
        ASSERT_EQ(in.status, 201) << in.body;
        const auto set = in.field("Set-Cookie");
        // The session has not been read before, so it is not in memory.
        EXPECT_EQ(ask("GET", "/api/auth/me", "Cookie: " + set.substr(0, set.find(';')) + "\r\n").status, 200) << i;
        EXPECT_THAT(ask("GET", "/health/deep").body, Not(HasSubstr("degraded")));
    }
}

/// A reason for which Redis refuses commands: how to cause and undo it, and the text in the log and in /health.
struct refusal {
    const char* name;
    std::vector<std::string> how;
    std::vector<std::string> undo;
    const char* says;
};
const refusal refusals[] = {
    {"OOM", {"CONFIG", "SET", "maxmemory", "1"}, {"CONFIG", "SET", "maxmemory", "0"}, "OOM: it is full"},
    {"READONLY", {"REPLICAOF", "127.0.0.1", "1"}, {"REPLICAOF", "NO", "ONE"}, "READONLY: it is a read-only replica"},
};

TEST(redis_that_rejects_commands, is_reported_once_in_the_log_and_by_the_health_checks)
{
    redis_server redis;
    const community data{"sqlite"};
    const agora_process server{data, {"REDIS_URL=" + redis.url(), "LOG_LEVEL=info"}, false};
    const auto first_line =
        "Redis for cache and state at 127.0.0.1:" + std::to_string(redis.port()) + " (standalone) answers: version 7.0";
    EXPECT_THAT(server.output_with(first_line), HasSubstr(first_line));
    for (const auto& r : refusals) {
        redis.command(r.how);
        for (int i = 0; i < 5; ++i) call(server.port(), "GET", "/api/posts?limit=" + std::to_string(i + 2));
        for (const auto* path : {"/health/deep", "/health/cache"}) {
            const auto health = call(server.port(), "GET", path);
            EXPECT_EQ(health.status, 200);
            EXPECT_THAT(health.body, HasSubstr(r.says)) << path;
            EXPECT_THAT(health.body, HasSubstr(R"("status":"degraded")")) << path;
        }
        redis.command(r.undo);
        const auto end = std::chrono::steady_clock::now() + 5s;
        while (call(server.port(), "GET", "/health/deep").body.find("degraded") != std::string::npos &&
               std::chrono::steady_clock::now() < end) {
        }
        const auto log = server.output_with("has recovered", r.says);
        const auto first = log.find(r.says);
        ASSERT_NE(first, std::string::npos) << r.name << log;
        EXPECT_EQ(log.find(r.says, first + 1), std::string::npos) << "it must be logged once: " << log;
        EXPECT_NE(log.find("has recovered", first), std::string::npos) << log;
    }
}

TEST(redis_that_rejects_commands, a_wrong_password_is_reported_at_startup_and_never_shown)
{
    const redis_server redis{{.arguments = {"--requirepass", "right-one"}}};
    const auto at = "127.0.0.1:" + std::to_string(redis.port());
    for (const auto& [url, says] : {std::pair<std::string, std::string>{"redis://:wrong-one@" + at, "WRONGPASS: "},
                                    {"redis://" + at, "NOAUTH: "}}) {
        const community data{"sqlite"};
        const agora_process server{data, {"REDIS_URL=" + url, "LOG_LEVEL=info"}, false};
        const auto line = at + " (standalone) does not answer: " + says;
        EXPECT_THAT(server.output_with(line), HasSubstr(line));
        EXPECT_THAT(call(server.port(), "GET", "/health/deep").body, HasSubstr(says));
        EXPECT_EQ(call(server.port(), "GET", "/api/posts").status, 200);
        EXPECT_THAT(server.output(), Not(HasSubstr("wrong-one")));
    }
}

TEST(redis_in_doctor, is_shown_whether_reachable_or_not)
{
    const larder::testing::temporary_folder folder;
    const auto doctor = [&](const std::string& url) {
        return run({"doctor"}, {"REDIS_URL=" + url, "AGORA_DATA=" + folder.path().string()});
    };
    EXPECT_TRUE(doctor(redis_server::shared().url()).has("Redis 7.0"));
    const auto unreachable = doctor("redis://:hunter2@127.0.0.1:" + std::to_string(larder::testing::free_port()));
    EXPECT_EQ(unreachable.code, 1);
    EXPECT_TRUE(unreachable.has("Connection refused")) << unreachable.output;
    EXPECT_TRUE(unreachable.has("next: agora redis check")) << unreachable.output;
    EXPECT_FALSE(unreachable.has("hunter2")) << unreachable.output;
}

TEST(redis_settings, an_invalid_url_prevents_the_start_with_one_line)
{
    larder::testing::process p{agora_command({"REDIS_URL=redis://:p#w@h"}, {"serve"})};
    EXPECT_EQ(p.wait(), 2);
    EXPECT_EQ(p.output(),
              "agora: REDIS_URL: it contains a '#'; if that belongs to the password, percent-encode it as %23\n");
}

}  // namespace
}  // namespace agora::e2e
