// SPDX-License-Identifier: MIT
// Access rights: every operation of the OpenAPI document, as a guest, a member, the owner, a moderator and an admin; on
// SQLite and memory, and on PostgreSQL and Redis. An operation without a line in `matrix` fails the test.
#include <gtest/gtest.h>

#include <larder/testing/redis_server.hpp>
#include <map>
#include <regex>

#include "tests/e2e/agora_process.hpp"

namespace agora::e2e {
namespace {

using larder::testing::redis_server;

/// The status for each kind of client; 0: not tried, because it would end the sign-in that the next line needs.
struct rights {
    int guest;
    int member;
    int owner;
    int moderator;
    int admin;
};

constexpr rights everybody{200, 200, 200, 200, 200};
constexpr rights members{401, 200, 200, 200, 200};
constexpr rights admins{401, 403, 403, 403, 200};

struct line {
    const char* operation;
    rights status;
    const char* body = "";
    const char* query = "";
};

// {id} is a post, comment or user of the owner; posts and comments are created for each request.
const line matrix[] = {
    {"GET /api/health", everybody},
    {"GET /live", everybody},
    {"GET /ready", everybody},
    {"GET /health/deep", everybody},
    {"GET /health/cache", everybody},
    {"GET /api/version", everybody},
    {"GET /api/openapi.json", everybody},
    {"GET /metrics", admins},
    {"GET /api/posts", everybody},
    {"GET /api/posts/{id}", everybody},
    {"GET /api/posts/user/{user_id}", everybody},
    {"POST /api/posts", {401, 201, 201, 201, 201}, R"({"title":"t","body":"b"})"},
    {"PUT /api/posts/{id}", {401, 403, 200, 200, 200}, R"({"title":"t","body":"b"})"},
    {"PATCH /api/posts/{id}", {401, 403, 200, 200, 200}, R"({"title":"t"})"},
    {"DELETE /api/posts/{id}", {401, 403, 204, 204, 204}},
    {"GET /api/posts/{id}/comments", everybody},
    {"POST /api/posts/{id}/comments", {401, 201, 201, 201, 201}, R"({"body":"b"})"},
    {"GET /api/comments/{id}", everybody},
    {"PUT /api/comments/{id}", {401, 403, 200, 200, 200}, R"({"body":"b"})"},
    {"DELETE /api/comments/{id}", {401, 403, 204, 204, 204}},
    {"GET /api/categories", everybody},
    {"GET /api/categories/{id}/posts", everybody},
    {"GET /api/tags", everybody},
    {"GET /api/users/{id}", everybody},
    {"GET /api/users/by-name/{username}", everybody},
    {"GET /api/users/list", everybody},
    {"GET /api/users/{id}/followers", everybody},
    {"GET /api/users/{id}/following", everybody},
    {"PUT /api/users/{id}/follow", {401, 200, 409, 200, 200}},
    {"POST /api/users/{id}/follow", {401, 200, 409, 200, 200}},
    {"DELETE /api/users/{id}/follow", members},
    {"GET /api/users/me", members},
    {"PUT /api/users/me", members, "{}"},
    {"DELETE /api/users/me", {401, 422, 422, 422, 403}, R"({"password":"x"})"},
    {"GET /.well-known/jwks.json", everybody},
    {"POST /api/auth/register", {422, 422, 422, 422, 422}, R"({"username":"","email":"","password":""})"},
    {"POST /api/auth/login", {401, 401, 401, 401, 401}, R"({"username":"nobody","password":"x"})"},
    {"POST /api/auth/refresh", {401, 401, 401, 401, 401}, R"({"refresh_token":"x"})"},
    {"POST /api/auth/logout", {401, 0, 0, 0, 0}},
    {"POST /api/auth/password/forgot", {202, 202, 202, 202, 202}, R"({"email":"nobody@example.org"})"},
    {"POST /api/auth/password/reset", {403, 403, 403, 403, 403}, R"({"token":"x","new_password":"kelp-morning-7"})"},
    {"POST /api/auth/verify-email", {403, 403, 403, 403, 403}, R"({"token":"x"})"},
    {"POST /api/auth/resend-verification", {401, 202, 202, 202, 202}},
    {"GET /api/auth/me", members},
    {"PUT /api/auth/password", {401, 422, 422, 422, 403}, R"({"old_password":"x","new_password":"y"})"},
    {"PUT /api/auth/email", {401, 422, 422, 422, 422}, R"({"email":"x","password":"y"})"},
    {"POST /api/auth/email/confirm", {403, 403, 403, 403, 403}, R"({"token":"x"})"},
    {"POST /api/sessions", {401, 401, 401, 401, 401}, R"({"username":"nobody","password":"x"})"},
    {"GET /api/sessions", members},
    {"GET /api/sessions/current", {401, 404, 404, 404, 404}},
    {"DELETE /api/sessions/{id}", {401, 404, 404, 404, 404}},
    {"DELETE /api/sessions", members},
    {"GET /api/api-keys", members},
    {"POST /api/api-keys", {401, 201, 201, 201, 201}, R"({"name":"k"})"},
    {"DELETE /api/api-keys/{id}", {401, 404, 404, 404, 404}},
    {"GET /api/cached-data", everybody},
    {"POST /api/invalidate-cache", everybody},
    {"GET /api/rate-limited", everybody},
    {"GET /api/slow-limited", {200, 200, 429, 429, 429}},  // all clients at one address share the limit
    {"PUT /api/admin/users/{id}/role", {401, 403, 403, 403, 200}, R"({"role":"user"})"},
    {"GET /api/admin/security-events", admins},
    {"GET /api/admin/cache/stats", admins},
    {"POST /api/admin/cache/clear", {401, 403, 403, 403, 200}, R"({"all":true,"dry_run":true})"},
    {"POST /api/admin/cache/warm", {401, 403, 403, 403, 202}, "{}"},
    {"GET /api/admin/cache/warm", admins},
    {"POST /api/admin/cache/refresh", {401, 403, 403, 403, 202}, "{}"},
    {"GET /api/admin/cache/keys", admins},
    {"GET /api/admin/cache/explain", admins, "", "?key=post:1"},
};

class access : public ::testing::TestWithParam<const char*> {
 protected:
    std::vector<std::string> settings() const
    {
        if (GetParam() == std::string{"sqlite"}) return {};
        redis_server::shared().command({"FLUSHALL"});
        return {"REDIS_URL=" + redis_server::shared().url()};
    }
    answer ask(const std::string& method, const std::string& target, const std::string& fields,
               const std::string& body = {})
    {
        return call(server_.port(), method, target, fields, body);
    }
    /// The Authorization field of a new member.
    std::string enroll(const std::string& name, const std::string& role = "user")
    {
        const auto a =
            ask("POST", "/api/auth/register", {},
                R"({"username":")" + name + R"(","email":")" + name + R"(@example.org","password":"kelp-morning-7"})");
        EXPECT_EQ(a.status, 201) << a.body;
        if (role != "user") {
            EXPECT_EQ(
                ask("PUT", "/api/admin/users/" + id_of(a) + "/role", as_operator, R"({"role":")" + role + "\"}").status,
                200);
        }
        const auto token = values_of(a.body, "access_token")[0];
        return "Authorization: Bearer " + token.substr(1, token.size() - 2) + "\r\n";
    }
    std::string id_of(const answer& made)
    {
        const auto where = made.field("Location");
        return where.substr(where.rfind('/') + 1);
    }

    community data_{GetParam()};
    agora_process server_{data_, settings()};
};
INSTANTIATE_TEST_SUITE_P(on, access, ::testing::Values("sqlite", "postgresql"), [](const auto& p) { return p.param; });

TEST_P(access, matches_the_matrix_for_every_operation)
{
    const auto owner = enroll("owner");
    const std::pair<std::string, int rights::*> all[] = {{"", &rights::guest},
                                                         {enroll("member"), &rights::member},
                                                         {owner, &rights::owner},
                                                         {enroll("a-moderator", "moderator"), &rights::moderator},
                                                         {as_operator, &rights::admin}};
    const auto own_id = values_of(ask("GET", "/api/auth/me", owner).body, "id")[0];
    const auto target_of = [&](const std::string& pattern) {
        auto target = pattern;
        const auto replace = [&](const std::string& what, const std::string& by) {
            if (const auto at = target.find(what); at != std::string::npos) target.replace(at, what.size(), by);
        };
        const auto post = [&] { return id_of(ask("POST", "/api/posts", owner, R"({"title":"t","body":"b"})")); };
        if (pattern.starts_with("/api/posts/{id}")) replace("{id}", post());
        if (pattern.starts_with("/api/comments/{id}"))
            replace("{id}", id_of(ask("POST", "/api/posts/" + post() + "/comments", owner, R"({"body":"b"})")));
        if (pattern.starts_with("/api/users/{id}") || pattern.starts_with("/api/admin/users/{id}"))
            replace("{id}", own_id);
        replace("{user_id}", own_id);
        replace("{username}", "owner");
        replace("{id}", "1");
        return target;
    };
    std::map<std::string, const line*> lines;
    for (const auto& l : matrix) lines[l.operation] = &l;

    const auto document = ask("GET", "/api/openapi.json", {}).body;
    std::size_t seen = 0;
    for (const auto& [operation, l] : lines) {
        const auto space = operation.find(' ');
        const auto method = operation.substr(0, space);
        const auto pattern = operation.substr(space + 1);
        for (const auto& [fields, whose] : all) {
            const int wanted = l->status.*whose;
            if (wanted == 0) continue;
            const auto target = target_of(pattern) + l->query;
            auto a = ask(method, target, fields + (method == "GET" ? "" : "If-Match: *\r\n"), l->body);
            while (a.body.find("already_running") != std::string::npos)  // an earlier line still warms the cache
                a = ask(method, target, fields + (method == "GET" ? "" : "If-Match: *\r\n"), l->body);
            const auto where = a.field("Location");
            EXPECT_TRUE(where.empty() || where.starts_with("/api/"))
                << operation << " redirects outside the API: " << where;
            EXPECT_EQ(a.status, wanted) << operation << " by " << (fields.empty() ? "a guest" : fields) << a.body;
        }
        ++seen;
    }
    EXPECT_EQ(seen, std::size(matrix)) << "an operation is listed twice";

    // Compare with the list of operations in the document.
    std::string path;
    const std::regex item{R"re("(/[^"]*)":\{|"(get|put|post|patch|delete)":\{)re"};
    const auto paths = document.find("\"paths\":");
    const auto stop = document.find("\"components\":") < paths ? document.size() : document.find("\"components\":");
    const std::string listed = document.substr(paths, stop - paths);
    for (std::sregex_iterator at{listed.begin(), listed.end(), item}, last; at != last; ++at) {
        if ((*at)[1].matched) {
            path = (*at)[1];
            continue;
        }
        std::string method = (*at)[2];
        for (auto& c : method) c = static_cast<char>(c - 'a' + 'A');
        EXPECT_TRUE(lines.contains(method + " " + path)) << method << " " << path << " has no line in the matrix";
        lines.erase(method + " " + path);
    }
    for (const auto& [operation, l] : lines) ADD_FAILURE() << operation << " is not in the document";
}

}  // namespace
}  // namespace agora::e2e
