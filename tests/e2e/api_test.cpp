// SPDX-License-Identifier: MIT
// The API over both databases, with the demo community in each: a table of scenarios, paging, conditional requests,
// writing, and that both databases give the same responses.
#include <gtest/gtest.h>

#include "tests/e2e/agora_process.hpp"

#include <csignal>
#include <map>
#include <set>

namespace agora::e2e {
namespace {

/// One server per backend for the whole suite; tests that write create their own posts.
class served_by : public ::testing::TestWithParam<const char*> {
 protected:
    struct running {
        explicit running(const std::string& backend) : data{backend}, server{data, {"CORS_ORIGINS=https://app.example"}}
        {}
        community data;
        agora_process server;
    };
    static std::uint16_t port_of(const std::string& backend)
    {
        auto& one = servers()[backend];
        if (!one) one = std::make_unique<running>(backend);
        return one->server.port();
    }
    static std::map<std::string, std::unique_ptr<running>>& servers()
    {
        static std::map<std::string, std::unique_ptr<running>> all;
        return all;
    }
    static void TearDownTestSuite() { servers().clear(); }

    std::uint16_t port() const { return port_of(GetParam()); }
    answer get(const std::string& target, const std::string& fields = {}) const
    {
        return call(port(), "GET", target, fields);
    }
    answer write(const std::string& method, const std::string& target, const std::string& body,
                 const std::string& fields = {}) const
    {
        return call(port(), method, target, as_operator + fields, body);
    }
    /// The ids of all pages of a list, by cursor.
    std::vector<std::string> walk(const std::string& list) const
    {
        std::vector<std::string> ids;
        std::string cursor;
        for (int pages = 0; pages < 100; ++pages) {
            const auto page = get(list + "&limit=50" + (cursor.empty() ? "" : "&cursor=" + cursor));
            EXPECT_EQ(page.status, 200) << page.body;
            // An item's own id comes before its author's.
            const auto found = values_of(page.body, "title").size();
            const auto all = values_of(page.body, "id");
            for (std::size_t i = 0; i < found; ++i) ids.push_back(all.at(2 * i));
            const auto next = values_of(page.body, "next_cursor").at(0);
            if (next == "null") return ids;
            cursor = next.substr(1, next.size() - 2);
        }
        ADD_FAILURE() << "the list does not end";
        return ids;
    }
};

struct scenario {
    std::string method;
    std::string target;
    std::string fields;
    std::string body;
    int status;
    std::vector<std::string> contains;
    std::vector<std::string> lacks;
};

TEST_P(served_by, scenarios)
{
    const std::string json = R"({"title":"t","body":"b"})";
    const std::vector<scenario> all{
        {"GET", "/api/health", "", "", 200, {R"("status":"healthy")", R"("uptime_seconds":)"}, {}},
        {"GET", "/live", "", "", 200, {"alive"}, {}},
        {"GET", "/ready", "", "", 200, {"ready"}, {}},
        {"GET", "/health/deep", "", "", 200, {R"("name":"database")", GetParam()}, {"password", "agora.db"}},
        {"GET", "/api/version", "", "", 200, {"agora"}, {}},
        {"GET",
         "/api/posts",
         "",
         "",
         200,
         {R"("data":[{"id":)", R"("has_more":true)", R"("liked":null)"},
         {R"("body":)", "body_html", "email"}},
        {"GET", "/api/posts?limit=0", "", "", 422, {R"("field":"limit")"}, {}},
        {"GET", "/api/posts?limit=101", "", "", 422, {R"("field":"limit")"}, {}},
        {"GET", "/api/posts?limit=abc", "", "", 422, {R"("field":"limit")", "request_id"}, {}},
        {"GET", "/api/posts?sort=hot", "", "", 422, {R"("field":"sort")"}, {}},
        {"GET", "/api/posts?cursor=AAAA", "", "", 400, {"cursor"}, {}},
        {"GET", "/api/posts?page=2&per_page=3", "", "", 200, {R"("limit":3)"}, {}},
        {"GET", "/api/posts?skip=3&limit=2", "", "", 200, {R"("limit":2)"}, {}},
        {"GET", "/api/posts?include_total=1&limit=1", "", "", 200, {R"("total":)", R"("total_is_capped":false)"}, {}},
        {"GET", "/api/posts?tag=no-such-tag", "", "", 200, {R"("data":[])"}, {}},
        {"GET", "/api/posts/999999999", "", "", 404, {R"("code":"not_found")", "application/problem+json"}, {}},
        {"GET", "/api/posts/abc", "", "", 404, {}, {}},
        {"GET", "/api/posts/1", "", "", 200, {R"("body_html":)", R"("version":1)"}, {"<script", "onclick"}},
        {"GET", "/api/posts/1/comments", "", "", 200, {R"("data":[{"id":)"}, {}},
        {"GET", "/api/posts/1/comments?view=tree", "", "", 200, {R"("replies":[)"}, {}},
        {"GET", "/api/posts/1/comments?view=sideways", "", "", 422, {R"("field":"view")"}, {}},
        {"GET", "/api/posts/999999999/comments", "", "", 404, {}, {}},
        {"GET", "/api/comments/1", "", "", 200, {R"("post_id":)"}, {}},
        {"GET", "/api/users/1", "", "", 200, {R"("username":"agora")", R"("role":"admin")"}, {"email", "password"}},
        {"GET", "/api/users/by-name/agora", "", "", 200, {R"("id":1,)"}, {}},
        {"GET", "/api/users/by-name/nobody-there", "", "", 404, {}, {}},
        {"GET", "/api/posts/user/1", "", "", 200, {R"("data":[)"}, {}},
        {"GET", "/api/posts/user/999999999", "", "", 404, {}, {}},
        {"GET", "/api/categories", "", "", 200, {"bicycles.meta"}, {}},
        {"GET", "/api/categories/1/posts?limit=2", "", "", 200, {R"("category":"bicycles.meta")"}, {}},
        {"GET", "/api/tags", "", "", 200, {"discussion"}, {}},
        {"GET", "/api/openapi.json", "", "", 200, {R"("openapi":"3.1.0")"}, {}},
        {"GET", "/api/nothing", "", "", 404, {R"("instance":"/api/nothing")"}, {}},
        {"DELETE", "/api/posts", "", "", 405, {"Allow: GET, HEAD, POST, OPTIONS"}, {}},
        {"OPTIONS", "/api/posts/1", "", "", 204, {"Allow: GET, HEAD, PUT, PATCH, DELETE, OPTIONS"}, {}},
        {"OPTIONS",
         "/api/posts",
         "Origin: https://app.example\r\nAccess-Control-Request-Method: POST\r\n",
         "",
         204,
         {"Access-Control-Allow-Origin: https://app.example", "Access-Control-Allow-Methods: "},
         {}},
        {"GET", "/api/posts/1", "Origin: https://evil.example\r\n", "", 200, {}, {"Access-Control-Allow-Origin"}},
        {"POST", "/api/posts", "", json, 401, {"WWW-Authenticate: Bearer"}, {}},
        {"POST",
         "/api/posts",
         "Authorization: Bearer wrong\r\n",
         json,
         401,
         {R"("code":"invalid_token")"},
         {"wrong\""}},
        {"GET", "/api/posts", "Authorization: Bearer wrong\r\n", "", 401, {}, {}},
        {"POST",
         "/api/posts",
         as_operator,
         R"({"title":"","body":"b","color":1,"tags":["Bad Tag"]})",
         422,
         {R"("field":"color")"},
         {}},
        {"POST",
         "/api/posts",
         as_operator,
         R"({"title":"","body":"b","tags":["Bad Tag"],"category":"no-such"})",
         422,
         {R"("field":"title")", R"("field":"tags)", R"("field":"category")"},
         {}},
        {"POST", "/api/posts", as_operator, R"({"title":"x",)", 400, {R"("code":"malformed_json")"}, {}},
        {"POST",
         "/api/posts",
         as_operator,
         R"({"title":"x","title":"y","body":"b"})",
         400,
         {"title appears twice"},
         {}},
        {"POST", "/api/posts", as_operator + "Content-Type: text/plain\r\nContent-Length: 2\r\n", "", 415, {}, {}},
        {"PUT", "/api/posts/1", as_operator, json, 428, {R"("code":"precondition_required")"}, {}},
        {"PUT", "/api/posts/1", as_operator + "If-Match: \"999-x\"\r\n", json, 412, {R"("code":"stale")"}, {}},
        {"PUT", "/api/posts/999999999", as_operator + "If-Match: *\r\n", json, 404, {}, {}},
        {"DELETE", "/api/posts/1", as_operator, "", 428, {}, {}},
    };
    for (const auto& s : all) {
        http::raw_client client{port()};
        client.send(request_text(s.method, s.target, s.fields, s.body) +
                    (s.fields.ends_with("Length: 2\r\n") ? "{}" : ""));
        const auto bytes = client.answer();
        const answer a{bytes};
        EXPECT_EQ(a.status, s.status) << s.method << " " << s.target << " " << s.body << "\n" << bytes;
        for (const auto& part : s.contains)
            EXPECT_NE(bytes.find(part), std::string::npos) << s.target << " lacks " << part << "\n" << bytes;
        for (const auto& part : s.lacks)
            EXPECT_EQ(bytes.find(part), std::string::npos) << s.target << " shows " << part << "\n" << bytes;
        EXPECT_NE(a.field("X-Request-Id"), "") << s.target;
        EXPECT_TRUE(a.field("X-Response-Time").ends_with("ms")) << s.target;
    }
}

TEST_P(served_by, paging_shows_each_post_once_in_every_order)
{
    const auto total = std::stoul(values_of(get("/api/posts?include_total=1&limit=1").body, "total").at(0));
    ASSERT_GE(total, 453U);
    for (const auto* sort : {"new", "top", "active"}) {
        const auto ids = walk(std::string{"/api/posts?sort="} + sort);
        EXPECT_EQ(ids.size(), total) << sort;
        EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), total) << sort;
    }
    const auto tagged = walk("/api/posts?sort=new&tag=discussion");
    EXPECT_GT(tagged.size(), 300U);
    EXPECT_LT(tagged.size(), total);
    const auto cursor = values_of(get("/api/posts?sort=top&limit=5").body, "next_cursor").at(0);
    EXPECT_EQ(get("/api/posts?sort=new&cursor=" + cursor.substr(1, cursor.size() - 2)).status, 400)
        << "the cursor belongs to another list";
}

TEST_P(served_by, a_valid_copy_gets_304)
{
    for (const auto* target :
         {"/api/posts?limit=3", "/api/posts/2", "/api/users/1", "/api/tags", "/api/openapi.json"}) {
        const auto first = get(target);
        ASSERT_NE(first.field("ETag"), "") << target;
        EXPECT_EQ(get(target, "If-None-Match: " + first.field("ETag") + "\r\n").status, 304) << target;
        const auto head = call(port(), "HEAD", target);
        EXPECT_EQ(head.field("ETag"), first.field("ETag")) << target;
        EXPECT_EQ(head.field("Content-Length"), first.field("Content-Length")) << target;
        EXPECT_EQ(head.body, "");
    }
    const auto gz = get("/api/posts?limit=20", "Accept-Encoding: gzip\r\n");
    EXPECT_EQ(gz.field("Content-Encoding"), "gzip");
    EXPECT_NE(gz.field("ETag"), get("/api/posts?limit=20").field("ETag"));
    EXPECT_EQ(get("/api/posts?limit=20", "Accept-Encoding: br\r\n").field("Content-Encoding"), "br");
    EXPECT_EQ(get("/api/posts/2", "X-Request-Id: abc-1\r\n").field("X-Request-Id"), "abc-1");
}

TEST_P(served_by, a_post_can_be_created_changed_and_deleted)
{
    const auto made = write("POST", "/api/posts",
                            R"({"title":"First","body":"*hi*","category":"bicycles.meta","tags":["zz-new","zz-tag"]})");
    ASSERT_EQ(made.status, 201) << made.body;
    const auto location = made.field("Location");
    auto shown = get(location);
    EXPECT_EQ(shown.status, 200);
    EXPECT_NE(shown.body.find("<em>hi</em>"), std::string::npos);
    EXPECT_NE(shown.body.find(R"("tags":["zz-new","zz-tag"])"), std::string::npos);
    EXPECT_EQ(walk("/api/posts?sort=new&tag=zz-tag").size(), 1U);

    // The ETag of any representation of this version is accepted.
    const auto tag_of_br = get(location, "Accept-Encoding: br\r\n").field("ETag");
    const auto put = write("PUT", location, R"({"title":"Second","body":"b2","tags":["zz-tag"]})",
                           "If-Match: " + tag_of_br + "\r\n");
    ASSERT_EQ(put.status, 200) << put.body;
    EXPECT_EQ(values_of(put.body, "version").at(0), "2");
    EXPECT_EQ(write("PUT", location, R"({"title":"Late","body":"b"})", "If-Match: " + tag_of_br + "\r\n").status, 412);
    const auto patched = write("PATCH", location, R"({"title":"Third"})", "If-Match: " + put.field("ETag") + "\r\n");
    ASSERT_EQ(patched.status, 200) << patched.body;
    EXPECT_EQ(values_of(patched.body, "title").at(0), R"("Third")");
    EXPECT_EQ(values_of(patched.body, "body").at(0), R"("b2")");
    EXPECT_EQ(walk("/api/posts?sort=new&tag=zz-new").size(), 0U);

    EXPECT_EQ(write("DELETE", location, "", "If-Match: " + get(location).field("ETag") + "\r\n").status, 204);
    EXPECT_EQ(get(location).status, 404);
    EXPECT_EQ(walk("/api/posts?sort=new&tag=zz-tag").size(), 0U);
}

TEST_P(served_by, no_script_survives_in_a_post)
{
    const auto made = write(
        "POST", "/api/posts",
        R"json({"title":"<b>x</b>","body":"<script>alert(1)</script><img src=x onerror=alert(1)>[a](javascript:alert(1))"})json");
    ASSERT_EQ(made.status, 201);
    const auto html = made.body.substr(made.body.find("\"body_html\":"));
    for (const auto* bad : {"<script", "<img", "href=\\\"javascript"})
        EXPECT_EQ(html.find(bad), std::string::npos) << html;
}

INSTANTIATE_TEST_SUITE_P(api, served_by, ::testing::Values("sqlite", "postgresql"),
                         [](const auto& one) { return std::string{one.param}; });

/// The same read-only requests to both: the bodies must be equal, byte for byte.
TEST(both_databases, give_the_same_responses)
{
    const community sqlite{"sqlite"};
    const community postgresql{"postgresql"};
    const agora_process a{sqlite};
    const agora_process b{postgresql};
    for (const auto* target :
         {"/api/posts?limit=100", "/api/posts?sort=top&limit=100", "/api/posts?sort=active&tag=discussion",
          "/api/posts/1", "/api/posts/100", "/api/posts/1/comments?limit=100",
          "/api/posts/1/comments?view=tree&limit=100", "/api/users/18", "/api/users/by-name/mfg", "/api/categories",
          "/api/tags?limit=100", "/api/categories/1/posts?limit=100&include_total=1"}) {
        auto first = call(a.port(), "GET", target);
        auto second = call(b.port(), "GET", target);
        EXPECT_EQ(first.status, 200) << target;
        // Cursors are signed with each deployment's own key.
        for (auto* one : {&first, &second}) {
            if (const auto at = one->body.find("\"next_cursor\":"); at != std::string::npos) one->body.erase(at);
        }
        EXPECT_EQ(first.body, second.body) << target;
    }
}

}  // namespace
}  // namespace agora::e2e
