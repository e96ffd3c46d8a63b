// SPDX-License-Identifier: MIT
// Access rights: every operation of the OpenAPI document, as a guest, a member, the owner, a moderator and an admin; on
// SQLite and memory, and on PostgreSQL and Redis. The rows of this matrix are in the files access_matrix.txt beside the
// slices: method, path with an optional query, the status for each of the five, and the body to send. `-` is not tried,
// because it would end the sign-in that the next row needs. An operation without a row fails the test.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <larder/testing/redis_server.hpp>
#include <map>
#include <regex>
#include <sstream>

#include "tests/e2e/agora_process.hpp"

namespace agora::e2e {
namespace {

using larder::testing::redis_server;

/// The status for each kind of client; 0: not tried.
struct rights {
    int guest;
    int member;
    int owner;
    int moderator;
    int admin;
};

struct row {
    rights status;
    std::string query;
    std::string body;
};

/// Adds a row to those by operation, which is such as "GET /api/posts/{id}".
void read_row(const std::string& text, std::map<std::string, row>& rows)
{
    static const std::regex form{R"((\w+ /[^ ?]*)(\?\S*)?((?: +(?:\d{3}|-)){5}) *(.*))"};
    std::smatch parts;
    ASSERT_TRUE(std::regex_match(text, parts, form)) << "not a row of the matrix: " << text;
    row r{{}, parts[2], parts[4]};
    std::istringstream cells{parts[3]};
    for (auto* status : {&r.status.guest, &r.status.member, &r.status.owner, &r.status.moderator, &r.status.admin}) {
        std::string cell;
        cells >> cell;
        *status = cell == "-" ? 0 : std::stoi(cell);
    }
    EXPECT_TRUE(rows.emplace(parts[1], r).second) << "two rows for one operation: " << text;
}

/// The rows of all folders.
std::map<std::string, row> read_matrix()
{
    std::map<std::string, row> rows;
    for (const auto& entry : std::filesystem::recursive_directory_iterator{AGORA_SOURCES}) {
        if (entry.path().filename() != "access_matrix.txt") continue;
        std::ifstream in{entry.path()};
        for (std::string text; std::getline(in, text);)
            if (!text.starts_with('#')) read_row(text, rows);
    }
    return rows;
}

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
    auto rows = read_matrix();
    const auto document = ask("GET", "/api/openapi.json", {}).body;
    for (const auto& [operation, wanted_row] : rows) {
        const auto space = operation.find(' ');
        const auto method = operation.substr(0, space);
        const auto pattern = operation.substr(space + 1);
        for (const auto& [fields, whose] : all) {
            const int wanted = wanted_row.status.*whose;
            if (wanted == 0) continue;
            const auto target = target_of(pattern) + wanted_row.query;
            auto a = ask(method, target, fields + (method == "GET" ? "" : "If-Match: *\r\n"), wanted_row.body);
            while (a.status == 409 &&
                   a.body.find("already_running") != std::string::npos)  // an earlier row still warms the cache
                a = ask(method, target, fields + (method == "GET" ? "" : "If-Match: *\r\n"), wanted_row.body);
            const auto where = a.field("Location");
            EXPECT_TRUE(where.empty() || where.starts_with("/api/"))
                << operation << " redirects outside the API: " << where;
            EXPECT_EQ(a.status, wanted) << operation << " by " << (fields.empty() ? "a guest" : fields) << a.body;
        }
    }

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
        EXPECT_TRUE(rows.contains(method + " " + path))
            << method << " " << path << " has no row in an access_matrix.txt";
        rows.erase(method + " " + path);
    }
    for (const auto& [operation, wanted_row] : rows) ADD_FAILURE() << operation << " is not in the document";
}

}  // namespace
}  // namespace agora::e2e
