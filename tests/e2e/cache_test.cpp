// SPDX-License-Identifier: MIT
// The cache behind agora's public GETs: in memory, on Redis, and with two processes that share a database. Hits and
// misses, invalidation by writes, what must never be shared, the operator's tools, and failures of Redis and database.
#include <gtest/gtest.h>

#include "tests/e2e/agora_process.hpp"

#include <chrono>
#include <csignal>
#include <larder/testing/fault_proxy.hpp>
#include <larder/testing/redis_server.hpp>
#include <map>
#include <regex>

namespace agora::e2e {
namespace {

using namespace std::chrono_literals;
using larder::testing::redis_server;

/// A request for every cached GET route of the slices; each has content.
const std::vector<std::string> cacheable{
    "/api/posts",
    "/api/posts?limit=5&skip=5",
    "/api/posts?sort=top&tag=safety",
    "/api/posts?page=2&per_page=3",
    "/api/posts?include_total=1",
    "/api/posts/1",
    "/api/posts/user/1",
    "/api/posts/1/comments",
    "/api/posts/1/comments?view=flat",
    "/api/comments/1",
    "/api/categories",
    "/api/categories/1/posts",
    "/api/tags",
    "/api/users/1",
    "/api/users/by-name/AGORA",
    "/api/users/list",
    "/api/users/list?search=an&limit=5",
};

class cached_by : public ::testing::TestWithParam<const char*> {
 protected:
    static bool on_redis() { return GetParam() == std::string{"redis"}; }
    static std::vector<std::string> settings()
    {
        if (!on_redis()) return {};
        redis_server::shared().command({"FLUSHALL"});  // before the server starts and begins an epoch there
        return {"REDIS_URL=" + redis_server::shared().url()};
    }
    static std::string status_of(const answer& a) { return a.field("Cache-Status"); }

    community data{"sqlite"};
    agora_process server{data, settings()};

    answer get(const std::string& target, const std::string& fields = {}) const
    {
        return call(server.port(), "GET", target, fields);
    }
    answer write(const std::string& method, const std::string& target, const std::string& body = {},
                 const std::string& fields = {}) const
    {
        return call(server.port(), method, target, as_operator + fields, body);
    }
    /// Creates a post and returns its id.
    std::string create(const std::string& title) const
    {
        const auto made = write("POST", "/api/posts", R"({"title":")" + title + R"(","body":"text"})");
        EXPECT_EQ(made.status, 201) << made.body;
        return values_of(made.body, "id").at(0);
    }
};

TEST_P(cached_by, a_second_get_is_a_hit_with_the_same_bytes)
{
    for (const auto& target : cacheable) {
        const auto first = get(target);
        EXPECT_EQ(first.status, 200) << target << first.body;
        EXPECT_EQ(status_of(first), "agora; fwd=miss; stored") << target;
        const auto second = get(target);
        EXPECT_EQ(status_of(second), "agora; hit") << target;
        EXPECT_EQ(second.body, first.body);
        EXPECT_EQ(second.field("ETag"), first.field("ETag"));
        EXPECT_EQ(second.field("Content-Type"), "application/json; charset=utf-8");
        EXPECT_EQ(second.field("Cache-Control"), "public, max-age=0, must-revalidate");
        EXPECT_FALSE(second.field("X-Request-Id").empty());
        EXPECT_NE(second.field("X-Request-Id"), first.field("X-Request-Id"));
        EXPECT_NE(second.field("X-Response-Time").find("ms"), std::string::npos);
        const auto same = get(target, "If-None-Match: " + first.field("ETag") + "\r\n");
        EXPECT_EQ(same.status, 304);
        EXPECT_EQ(same.body, "");
        EXPECT_EQ(same.field("ETag"), first.field("ETag"));
        const auto head = call(server.port(), "HEAD", target);
        EXPECT_EQ(head.status, 200);
        EXPECT_EQ(head.field("Content-Length"), std::to_string(first.body.size()));
    }
}

TEST_P(cached_by, each_coding_is_cached_beside_the_uncompressed_response)
{
    const auto plain = get("/api/posts");
    for (const auto* coding : {"gzip", "br"}) {
        const auto fields = "Accept-Encoding: " + std::string{coding} + "\r\n";
        const auto first = get("/api/posts", fields);
        const auto second = get("/api/posts", fields);
        EXPECT_EQ(status_of(second), "agora; hit");
        EXPECT_EQ(second.field("Content-Encoding"), coding);
        EXPECT_EQ(second.field("Vary"), "Accept-Encoding");
        EXPECT_LT(second.body.size(), plain.body.size() / 2);
        EXPECT_EQ(second.body, first.body);
        EXPECT_NE(second.field("ETag"), plain.field("ETag"));
        EXPECT_EQ(get("/api/posts", fields + "If-None-Match: " + second.field("ETag") + "\r\n").status, 304);
    }
    EXPECT_EQ(get("/api/posts").body, plain.body);
}

TEST_P(cached_by, every_cached_route_is_in_the_table_above)
{
    const auto document = get("/api/openapi.json").body;
    const std::regex path_of{R"re("(/[^"]*)":\{"get":)re"};
    int cached = 0;
    for (std::sregex_iterator at{document.begin(), document.end(), path_of}, end; at != end; ++at) {
        const auto begin = static_cast<std::size_t>(at->position());
        const auto next = std::next(at);
        const auto size = next == end ? std::string::npos : static_cast<std::size_t>(next->position()) - begin;
        if (document.substr(begin, size).find(R"("x-cached":true)") == std::string::npos) continue;
        ++cached;
        const auto path = (*at)[1].str();
        if (path == "/api/cached-data") continue;  // takes 2 s; tested separately
        const std::regex shape{std::regex_replace(path, std::regex{R"(\{[^}]*\})"}, "[^/?]+") + R"((\?.*)?)"};
        EXPECT_TRUE(std::any_of(cacheable.begin(), cacheable.end(), [&](const auto& t) {
            return std::regex_match(t, shape);
        })) << path;
    }
    EXPECT_EQ(cached, 12);
}

// The leak matrix: whoever requests a page first fills the cache, and nobody gets a response that is meant for another.
TEST_P(cached_by, guests_and_the_operator_do_not_get_each_others_responses)
{
    std::map<std::string, answer> guests;
    for (const auto& target : cacheable) guests.emplace(target, get(target));
    const agora_process other{data, settings()};
    for (const auto& target : cacheable) {
        const auto operators = call(other.port(), "GET", target, as_operator);
        EXPECT_EQ(operators.field("Cache-Control"), "private, no-cache") << target;
        const auto again = call(other.port(), "GET", target, as_operator);
        EXPECT_EQ(again.body, operators.body);
        EXPECT_EQ(again.field("Cache-Control"), "private, no-cache") << target;
        const auto guest = call(other.port(), "GET", target);
        EXPECT_EQ(guest.body, guests.at(target).body) << target;
        EXPECT_EQ(guest.field("ETag"), guests.at(target).field("ETag"));
        EXPECT_EQ(guest.field("Cache-Control"), "public, max-age=0, must-revalidate") << target;
        EXPECT_TRUE(guest.field("Set-Cookie").empty());
        const auto operator_later = call(server.port(), "GET", target, as_operator);
        EXPECT_EQ(operator_later.body, operators.body) << target;
        EXPECT_EQ(operator_later.field("Cache-Control"), "private, no-cache");
    }
}

// The same with members of each rank, one of whom follows another. They send their requests in one order to one process
// and in the reverse order to the other, so that each of them fills the cache before some of the others.
TEST_P(cached_by, no_member_gets_the_cached_response_of_another)
{
    std::vector<std::string> all{"", as_operator};
    for (const auto* name : {"ann", "bob", "moira"}) {
        const auto made = call(server.port(), "POST", "/api/auth/register", {},
                               R"({"username":")" + std::string{name} + R"(","email":")" + name +
                                   R"(@example.org","password":"kelp-morning-7"})");
        ASSERT_EQ(made.status, 201) << made.body;
        const auto token = values_of(made.body, "access_token")[0];
        all.push_back("Authorization: Bearer " + token.substr(1, token.size() - 2) + "\r\n");
    }
    const auto mod = values_of(get("/api/users/by-name/moira").body, "id")[0];
    EXPECT_EQ(write("PUT", "/api/admin/users/" + mod + "/role", R"({"role":"moderator"})").status, 200);
    EXPECT_EQ(call(server.port(), "PUT", "/api/users/1/follow", all[2]).status, 200);
    const agora_process other{data, settings()};
    for (const auto& target : cacheable) {
        std::map<std::string, std::string> seen;
        for (const auto& who : all) seen[who] = get(target, who).body;
        for (auto who = all.rbegin(); who != all.rend(); ++who) {
            const auto a = call(other.port(), "GET", target, *who);
            EXPECT_EQ(a.status, 200) << target;
            EXPECT_EQ(a.body, seen[*who]) << target << " as " << *who;
            EXPECT_EQ(a.field("Cache-Control"),
                      who->empty() ? "public, max-age=0, must-revalidate" : "private, no-cache");
            EXPECT_TRUE(a.field("Set-Cookie").empty());
            const bool follows = a.body.find("\"is_following\":true") != std::string::npos;
            EXPECT_TRUE(!follows || *who == all[2]) << target << ": only ann follows somebody";
        }
    }
    EXPECT_NE(get("/api/users/1", all[2]).body.find("\"is_following\":true"), std::string::npos);
}

TEST_P(cached_by, a_write_is_visible_in_the_next_get_of_all_affected_pages)
{
    const std::vector<std::string> changed{
        "/api/posts",      "/api/posts?limit=5", "/api/posts/user/1",       "/api/users/1",
        "/api/categories", "/api/tags",          "/api/users/by-name/agora"};
    const auto look = [&] {
        std::map<std::string, std::string> seen;
        for (const auto& target : changed) {
            get(target);
            const auto a = get(target);
            EXPECT_EQ(status_of(a), "agora; hit") << target;
            seen[target] = a.body;
        }
        return seen;
    };
    auto before = look();
    const auto id = create("The title as it was");
    for (const auto& target : changed) EXPECT_EQ(status_of(get(target)), "agora; fwd=miss; stored") << target;
    auto after = look();
    EXPECT_NE(after["/api/posts"], before["/api/posts"]);
    EXPECT_NE(after["/api/users/1"], before["/api/users/1"]) << "the profile shows the number of posts";

    const auto one = "/api/posts/" + id;
    get(one);
    const auto hit = get(one);
    EXPECT_EQ(status_of(hit), "agora; hit");
    const auto edited = write("PATCH", one, R"({"title":"Another title"})", "If-Match: " + hit.field("ETag") + "\r\n");
    EXPECT_EQ(edited.status, 200) << edited.body;
    EXPECT_NE(get(one).body.find("Another title"), std::string::npos);
    EXPECT_NE(get("/api/posts").body.find("Another title"), std::string::npos);
    EXPECT_EQ(get("/api/posts").body.find("The title as it was"), std::string::npos);

    EXPECT_EQ(write("DELETE", one, "", "If-Match: " + edited.field("ETag") + "\r\n").status, 204);
    EXPECT_EQ(get(one).status, 404);
    EXPECT_EQ(get(one + "/comments").status, 404);
    EXPECT_EQ(get("/api/posts").body.find("Another title"), std::string::npos);
}

TEST_P(cached_by, errors_are_never_cached)
{
    for (const auto* target :
         {"/api/posts/987654", "/api/users/987654", "/api/users/by-name/no-such-user", "/api/posts?limit=0",
          "/api/posts?cursor=AAAA", "/api/posts/987654/comments", "/api/comments/987654"}) {
        for (int i = 0; i < 2; ++i) {
            const auto a = get(target);
            EXPECT_GE(a.status, 400) << target;
            EXPECT_EQ(status_of(a).find("hit"), std::string::npos) << target << status_of(a);
            EXPECT_EQ(status_of(a).find("stored"), std::string::npos) << target;
            EXPECT_EQ(a.field("Cache-Control"), "no-store");
            EXPECT_NE(a.body.find(a.field("X-Request-Id")), std::string::npos) << "each response is a new one";
        }
    }
    if (!on_redis()) return;
    for (const auto* key : {"post:987654", "user:987654", "user:name:no-such-user", "comment:987654",
                            "comments:post:987654:0:20:None", "posts:list:0:0:anonymous"})
        EXPECT_EQ(redis_server::shared().command({"EXISTS", key}), "0") << key;
}

TEST_P(cached_by, the_operator_can_inspect_clear_and_explain_the_cache)
{
    const auto ask = [&](const std::string& target) { return call(server.port(), "GET", target, as_operator); };
    const auto clear = [&](const std::string& order) { return write("POST", "/api/admin/cache/clear", order).body; };
    for (const auto* target : {"/api/posts", "/api/posts?limit=3", "/api/posts/1", "/api/users/1"}) {
        get(target);
        while (status_of(get(target)) != "agora; hit") {
        }
    }
    // Values are written to Redis in the background.
    while (values_of(ask("/api/admin/cache/keys?limit=50").body, "keys").at(0).empty() ||
           ask("/api/admin/cache/keys").body !=
               R"({"keys":["post:1","posts:list:0:20:anonymous","posts:list:0:3:anonymous","user:1"]})") {
    }
    EXPECT_EQ(ask("/api/admin/cache/keys?region=posts:list&prefix=posts:list:0:3").body,
              R"({"keys":["posts:list:0:3:anonymous"]})");
    EXPECT_EQ(ask("/api/admin/cache/keys?region=nothing").status, 404);
    EXPECT_NE(ask("/api/admin/cache/explain?key=post:1").body.find("A hit in L1."), std::string::npos);
    EXPECT_EQ(ask("/api/admin/cache/explain?key=post:1:likes").status, 404);
    EXPECT_EQ(ask("/api/admin/cache/explain").status, 422);
    const auto stats = ask("/api/admin/cache/stats").body;
    EXPECT_NE(stats.find(R"("region":"posts:list:{}:{}:{}")"), std::string::npos) << stats;
    const auto post_region_stats = stats.substr(std::min(stats.size(), stats.find(R"("region":"post:{}")")));
    EXPECT_EQ(values_of(post_region_stats, "entries").at(0), "1") << stats;
    EXPECT_GT(std::stoi(values_of(post_region_stats, "bytes").at(0)), 100) << stats;
    EXPECT_EQ(values_of(post_region_stats, "evicted").at(0), "0") << stats;
    EXPECT_EQ(stats.find(R"("redis":null)") == std::string::npos, on_redis()) << stats;
    const auto health = get("/health/cache").body;
    EXPECT_NE(health.find(std::string{R"({"status":"healthy","backend":")"} + GetParam() + R"(","latency_ms":)"),
              std::string::npos)
        << health;
    EXPECT_NE(health.find(R"("hit_rate_percent":)"), std::string::npos);
    EXPECT_NE(health.find(R"("memory_cache_size":4)"), std::string::npos) << health;

    EXPECT_EQ(clear(R"({"pattern":"posts:list:*","dry_run":true})"),
              R"({"cleared":2,"cleared_is_capped":false,"confirmed":true})");
    EXPECT_EQ(status_of(get("/api/posts")), "agora; hit") << "a dry run changes nothing";
    EXPECT_EQ(clear(R"({"pattern":"posts:list:0:3*"})"), R"({"cleared":1,"cleared_is_capped":false,"confirmed":true})");
    EXPECT_EQ(status_of(get("/api/posts?limit=3")), "agora; fwd=miss; stored");
    EXPECT_EQ(status_of(get("/api/posts")), "agora; hit");
    EXPECT_EQ(clear(R"({"tag":"posts"})"), R"({"cleared":2,"cleared_is_capped":false,"confirmed":true})")
        << "both lists have the tag";
    EXPECT_EQ(status_of(get("/api/posts")), "agora; fwd=miss; stored");
    EXPECT_EQ(status_of(get("/api/posts/1")), "agora; hit");
    clear(R"({"region":"post"})");
    EXPECT_EQ(status_of(get("/api/posts/1")), "agora; fwd=miss; stored");
    EXPECT_EQ(status_of(get("/api/users/1")), "agora; hit");
    clear(R"({"all":true})");
    EXPECT_EQ(status_of(get("/api/users/1")), "agora; fwd=miss; stored");
    EXPECT_EQ(write("POST", "/api/admin/cache/clear", "{}").status, 422);
    EXPECT_EQ(write("POST", "/api/admin/cache/clear", R"({"all":true,"tag":"x"})").status, 422);
    EXPECT_EQ(get("/api/admin/cache/stats").status, 401);
}

// GET /api/cached-data and POST /api/invalidate-cache behave as requirements/002 specifies.
TEST_P(cached_by, the_slow_computation_runs_once_per_user_until_it_is_invalidated)
{
    std::unique_ptr<larder::testing::process> subscriber;
    if (on_redis()) {
        subscriber = std::make_unique<larder::testing::process>(std::vector<std::string>{
            "/usr/bin/redis-cli", "-p", std::to_string(redis_server::shared().port()), "SUBSCRIBE", "cache_events"});
        ASSERT_TRUE(subscriber->wait_for_output("subscribe"));
    }
    const auto first = get("/api/cached-data?user_id=7");
    EXPECT_EQ(first.status, 200);
    EXPECT_EQ(status_of(first), "agora; fwd=miss; stored");
    EXPECT_GE(std::stod(first.field("X-Response-Time")), 1990);
    EXPECT_TRUE(first.body.starts_with(R"({"user_id":"7","timestamp":1)")) << first.body;
    EXPECT_NE(first.body.find(R"("message":"This response is cached for 60 seconds for user 7")"), std::string::npos);
    EXPECT_NE(first.body.find(R"("cached":true)"), std::string::npos);
    const auto second = get("/api/cached-data?user_id=7");
    EXPECT_EQ(status_of(second), "agora; hit");
    EXPECT_EQ(second.body, first.body);
    const auto another = get("/api/cached-data");
    EXPECT_EQ(status_of(another), "agora; fwd=miss; stored");
    EXPECT_TRUE(another.body.starts_with(R"({"user_id":"anonymous")")) << another.body;
    if (on_redis()) {
        const auto begin = std::chrono::steady_clock::now();  // it is being written to Redis
        while (redis_server::shared().command({"STRLEN", "cache:get_cached_data:anonymous"}).size() < 3)
            ASSERT_LT(std::chrono::steady_clock::now() - begin, 20s);
    }

    const auto invalidate = [&](const std::string& body) {
        const auto a = call(server.port(), "POST", "/api/invalidate-cache", {}, body);
        EXPECT_EQ(a.status, 200) << a.body;
        return a.body;
    };
    EXPECT_EQ(invalidate(R"({"user_id":"7"})"),
              R"({"success":true,"message":"Cache invalidated for user 7","invalidated":1})");
    EXPECT_EQ(invalidate(R"({"user_id":7})"),
              R"({"success":true,"message":"Cache invalidated for user 7","invalidated":0})");
    get("/api/cached-data?user_id=7");
    EXPECT_EQ(invalidate(R"({"user_id":7})"),
              R"({"success":true,"message":"Cache invalidated for user 7","invalidated":1})")
        << "the id may be a number";
    EXPECT_EQ(status_of(get("/api/cached-data")), "agora; hit");
    EXPECT_EQ(invalidate("{}"), R"({"success":true,"message":"All cache entries invalidated","invalidated":1})");
    EXPECT_EQ(status_of(get("/api/cached-data")), "agora; fwd=miss; stored");
    invalidate("");
    EXPECT_EQ(call(server.port(), "POST", "/api/invalidate-cache", {}, R"({"user":"7"})").status, 422);
    if (on_redis()) {
        EXPECT_TRUE(subscriber->wait_for_output(R"({"action":"invalidate","user_id":"7","timestamp":)"));
        EXPECT_TRUE(subscriber->wait_for_output(R"({"action":"invalidate","user_id":null,"timestamp":)"));
    }
}

INSTANTIATE_TEST_SUITE_P(backends, cached_by, ::testing::Values("memory", "redis"),
                         [](const auto& p) { return std::string{p.param}; });

class on_redis : public ::testing::Test {
 protected:
    std::vector<std::string> settings() const { return {"REDIS_URL=" + redis.url()}; }

    redis_server redis;
    community data{"sqlite"};
    agora_process here{data, settings()};
};

TEST_F(on_redis, the_keys_are_those_of_the_requirements)
{
    for (const auto* target : {"/api/posts", "/api/posts?skip=20", "/api/posts/1", "/api/users/1", "/api/posts/user/1",
                               "/api/categories/1/posts"})
        EXPECT_EQ(call(here.port(), "GET", target).status, 200);
    call(here.port(), "GET", "/api/posts", as_operator);
    for (const auto* key : {"posts:list:0:20:anonymous", "posts:list:20:20:anonymous", "posts:list:0:20:1", "post:1",
                            "user:1", "posts:user:1:0:20:anonymous:None", "category:1:posts:0:20:anonymous:None"}) {
        const auto begin = std::chrono::steady_clock::now();
        while (redis.command({"STRLEN", key}).size() < 3)
            ASSERT_LT(std::chrono::steady_clock::now() - begin, 20s) << key;
        EXPECT_GE(std::stol(redis.command({"STRLEN", key})), 100) << key;
        EXPECT_GT(std::stol(redis.command({"PTTL", key})), 0) << key;
    }
}

TEST_F(on_redis, another_process_reads_from_redis_and_sees_writes_within_the_bound)
{
    const agora_process there{data, settings()};
    const auto first = call(here.port(), "GET", "/api/posts");
    std::string status;
    for (int i = 0; i < 200 && status != "agora; hit"; ++i)
        status = call(there.port(), "GET", "/api/posts").field("Cache-Status");
    EXPECT_EQ(status, "agora; hit");
    EXPECT_EQ(call(there.port(), "GET", "/api/posts").body, first.body);
    const auto made = call(here.port(), "POST", "/api/posts", as_operator, R"({"title":"News for all","body":"b"})");
    EXPECT_EQ(made.status, 201);
    const auto written = std::chrono::steady_clock::now();
    while (call(there.port(), "GET", "/api/posts").body.find("News for all") == std::string::npos)
        ASSERT_LT(std::chrono::steady_clock::now() - written, 3s);
}

TEST_F(on_redis, without_redis_all_requests_are_served)
{
    for (const auto& target : cacheable) call(here.port(), "GET", target);
    redis.crash();
    const std::vector<std::string> never_read{"/api/posts?limit=7", "/api/posts/2", "/api/posts/2/comments",
                                              "/api/users/2", "/api/users/list?limit=7"};
    for (const auto& targets : {cacheable, never_read}) {
        for (const auto& target : targets) EXPECT_EQ(call(here.port(), "GET", target).status, 200) << target;
    }
    const auto made =
        call(here.port(), "POST", "/api/posts", as_operator, R"({"title":"While it was away","body":"b"})");
    EXPECT_EQ(made.status, 201);
    EXPECT_NE(call(here.port(), "GET", "/api/posts").body.find("While it was away"), std::string::npos);
    redis.start();
    // The entry is stored in Redis again as soon as L1's copy is no longer confirmed as fresh.
    const auto back = std::chrono::steady_clock::now();
    while (redis.command({"EXISTS", "post:2"}) != "1") {
        call(here.port(), "GET", "/api/posts/2");
        ASSERT_LT(std::chrono::steady_clock::now() - back, 20s);
    }
}

TEST_F(on_redis, a_stop_does_not_wait_for_an_unreachable_redis)
{
    redis.crash();
    const auto made = call(here.port(), "POST", "/api/posts", as_operator, R"({"title":"t","body":"b"})");
    EXPECT_EQ(made.status, 201);
    const auto begin = std::chrono::steady_clock::now();
    here.signal(SIGTERM);
    EXPECT_EQ(here.wait(), 0);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 8s);
}

// The writer cannot reach Redis, responds to its client, and is killed. Its outbox row remains, and another process
// applies it.
TEST_F(on_redis, invalidations_of_a_killed_process_are_applied_by_another)
{
    larder::testing::fault_proxy proxy{redis.port()};
    agora_process killed{data, {"REDIS_URL=redis://127.0.0.1:" + std::to_string(proxy.port())}, false};
    const auto title = [&](const agora_process& at) {
        return values_of(call(at.port(), "GET", "/api/posts/2").body, "title").at(0);
    };
    const auto etag = call(here.port(), "GET", "/api/posts/2").field("ETag");
    EXPECT_EQ(title(killed), title(here));
    while (redis.command({"STRLEN", "post:2"}).size() < 3) title(here);
    proxy.black_hole(larder::testing::direction::both);
    const auto changed = call(killed.port(), "PATCH", "/api/posts/2", as_operator + "If-Match: " + etag + "\r\n",
                              R"({"title":"Written by the dead"})");
    EXPECT_EQ(changed.status, 200) << changed.body;
    EXPECT_EQ(title(killed), R"("Written by the dead")") << "a process reads its own writes";
    killed.signal(SIGKILL);
    killed.wait();
    const auto dead = std::chrono::steady_clock::now();
    while (title(here) != R"("Written by the dead")")
        ASSERT_LT(std::chrono::steady_clock::now() - dead, 3s) << "the staleness bound was exceeded";
}

TEST(degraded, without_redis_and_database_stale_responses_are_served_and_marked)
{
    redis_server redis;
    auto& database = larder::testing::postgres_server::shared();
    const community data{"postgresql"};
    const agora_process server{data, {"REDIS_URL=" + redis.url()}};
    const auto get = [&](const std::string& target) { return call(server.port(), "GET", target); };
    const auto fresh = get("/api/posts");
    EXPECT_EQ(fresh.status, 200);
    redis.crash();
    database.crash();
    // Within the staleness bound L1 still serves it as fresh.
    std::string status = "agora; hit";
    const auto gone = std::chrono::steady_clock::now();
    while (status == "agora; hit") {
        const auto a = get("/api/posts");
        EXPECT_EQ(a.status, 200) << a.body;
        EXPECT_EQ(a.body, fresh.body);
        status = a.field("Cache-Status");
        ASSERT_LT(std::chrono::steady_clock::now() - gone, 20s);
    }
    EXPECT_TRUE(status.starts_with("agora; hit; ttl=")) << status;
    EXPECT_EQ(get("/api/posts?limit=7").status, 503) << "a page that is not cached cannot be served";
    const auto write = call(server.port(), "POST", "/api/posts", as_operator, R"({"title":"t","body":"b"})");
    EXPECT_EQ(write.status, 503);
    database.start();
    redis.start();
    while (get("/api/posts?limit=7").status != 200) ASSERT_LT(std::chrono::steady_clock::now() - gone, 60s);
}

/// Waits until the warming job has ended, and returns its report.
std::string wait_for_warming(const agora_process& server)
{
    const auto begin = std::chrono::steady_clock::now();
    for (;;) {
        const auto a = call(server.port(), "GET", "/api/admin/cache/warm", as_operator);
        EXPECT_EQ(a.status, 200) << a.body;
        const bool running = a.body.find(R"("state":"running")") != std::string::npos;
        if (!running || std::chrono::steady_clock::now() - begin > 30s) return a.body;
    }
}

TEST_P(cached_by, warming_loads_popular_responses_and_reports_its_progress)
{
    EXPECT_NE(wait_for_warming(server).find(R"("state":"none")"), std::string::npos);
    const auto begun = write("POST", "/api/admin/cache/warm");
    EXPECT_EQ(begun.status, 202) << begun.body;
    EXPECT_EQ(begun.field("Location"), "/api/admin/cache/warm");
    const auto report = wait_for_warming(server);
    EXPECT_NE(report.find(R"("state":"done")"), std::string::npos) << report;
    EXPECT_NE(report.find(R"("failed":0)"), std::string::npos) << report;
    for (const auto* target : {"/api/posts", "/api/posts?sort=top", "/api/categories", "/api/tags"})
        EXPECT_EQ(status_of(get(target)), "agora; hit") << target;
    const auto top = values_of(get("/api/posts?sort=top&limit=1").body, "id").at(0);
    EXPECT_EQ(status_of(get("/api/posts/" + top)), "agora; hit");
    EXPECT_EQ(status_of(get("/api/posts/" + top + "/comments")), "agora; hit");

    EXPECT_EQ(write("POST", "/api/admin/cache/warm", R"({"regions":["posts:list"],"limit":2})").status, 202);
    const auto again = wait_for_warming(server);
    EXPECT_NE(again.find(R"("total":2,"done":2,"loaded":0,"fresh":2)"), std::string::npos) << again;
    EXPECT_EQ(write("POST", "/api/admin/cache/warm", R"({"regions":["cars"]})").status, 404);
    EXPECT_EQ(write("POST", "/api/admin/cache/warm", R"({"limit":0})").status, 422);
    EXPECT_EQ(call(server.port(), "POST", "/api/admin/cache/warm").status, 401);
}

TEST_P(cached_by, a_refresh_loads_missing_responses_and_keeps_fresh_ones)
{
    get("/api/tags");
    EXPECT_EQ(write("POST", "/api/admin/cache/refresh", R"({"regions":["tags:list","categories:list"]})").status, 202);
    const auto report = wait_for_warming(server);
    EXPECT_NE(report.find(R"("loaded":1,"fresh":1,"failed":0)"), std::string::npos) << report;
}

TEST(warming, at_startup_is_a_setting)
{
    const community data{"sqlite"};
    const agora_process server{data, {"CACHE_WARM=20"}};
    const auto report = wait_for_warming(server);
    EXPECT_NE(report.find(R"("state":"done")"), std::string::npos) << report;
    EXPECT_EQ(call(server.port(), "GET", "/api/posts").field("Cache-Status"), "agora; hit");
}

TEST_F(on_redis, the_command_line_inspects_and_clears_the_same_cache)
{
    const auto agora = [&](std::vector<std::string> arguments, const std::vector<std::string>& settings) {
        arguments.insert(arguments.begin(), "cache");
        return run(arguments, settings);
    };
    for (const auto* target : {"/api/posts", "/api/posts?limit=3", "/api/posts/1"}) call(here.port(), "GET", target);
    // Values are written to Redis in the background.
    while (redis.command({"STRLEN", "post:1"}).size() < 3 ||
           redis.command({"STRLEN", "posts:list:0:3:anonymous"}).size() < 3)
        call(here.port(), "GET", "/api/health");
    auto done = agora({"keys"}, settings());
    EXPECT_EQ(done.output, "post:1\nposts:list:0:20:anonymous\nposts:list:0:3:anonymous\n");
    done = agora({"info", "--json"}, settings());
    EXPECT_NE(done.output.find(R"({"region":"posts:list:{}:{}:{}","entries":2})"), std::string::npos) << done.output;
    done = agora({"explain", "post:1"}, settings());
    EXPECT_NE(done.output.find("A hit in Redis"), std::string::npos) << done.output;
    done = agora({"clear", "--pattern", "posts:*", "--dry-run"}, settings());
    EXPECT_EQ(done.output, "would clear 2 entries\n");
    done = agora({"clear", "--region", "posts:list"}, settings());
    EXPECT_EQ(done.code, 0) << done.output;
    const auto cleared = std::chrono::steady_clock::now();
    while (call(here.port(), "GET", "/api/posts").field("Cache-Status") == "agora; hit")
        ASSERT_LT(std::chrono::steady_clock::now() - cleared, 3s);
    auto with_database = data.settings();
    with_database.push_back("REDIS_URL=" + redis.url());
    done = agora({"warm", "--limit", "5"}, with_database);
    EXPECT_EQ(done.code, 0) << done.output;
    EXPECT_TRUE(done.output.starts_with("loaded ")) << done.output;
    done = agora({"warm", "--limit", "5", "--json"}, with_database);
    EXPECT_NE(done.output.find(R"("loaded":0)"), std::string::npos) << done.output;
    done = agora({"warm", "--region", "cars"}, with_database);
    EXPECT_EQ(done.code, 1) << done.output;
    EXPECT_EQ(agora({"clear"}, settings()).code, 1);
    EXPECT_EQ(agora({"explain", "post:1:likes"}, settings()).code, 1);
    done = agora({"info"}, {});
    EXPECT_EQ(done.code, 2);
    EXPECT_NE(done.output.find("REDIS_URL is not set"), std::string::npos) << done.output;
    done = agora({"info"}, {"REDIS_URL=redis://127.0.0.1:" + std::to_string(larder::testing::free_port())});
    EXPECT_EQ(done.code, 1);
    EXPECT_NE(done.output.find("agora redis check"), std::string::npos) << done.output;
}

}  // namespace
}  // namespace agora::e2e
