// SPDX-License-Identifier: MIT
// Requests as strangers send them: bytes that are no text, targets of every form, on both databases alike.
#include <gtest/gtest.h>

#include "tests/e2e/accounts.hpp"

namespace agora::e2e {
namespace {

class requests : public accounts_on {};

TEST_P(requests, a_target_that_is_no_text_is_refused_before_anything_reads_it)
{
    const std::string bad[] = {"%ff",       "%00",    "%zz",       "%",          "%4",        "%C3",
                               "%C3%28",    "a%00b",  "%ED%A0%80", "%C0%AF",     "%F5%80%80", "x%e2%82",
                               "%E0%80%80", "%80abc", "abc%",      "%C3%A9%A9b", "%u0041",    "%f0%9f%98"};
    const std::string places[] = {"/api/users/list?search=",
                                  "/api/users/list?search=a&",
                                  "/api/users/by-name/",
                                  "/api/users/",
                                  "/api/posts/",
                                  "/api/posts/user/",
                                  "/api/posts?category=",
                                  "/api/posts?tag=",
                                  "/api/posts?author=",
                                  "/api/posts?q=",
                                  "/api/posts?cursor=",
                                  "/api/posts?limit=",
                                  "/api/posts/1/comments?view=",
                                  "/api/comments/",
                                  "/api/cached-data?user_id=",
                                  "/api/sessions/",
                                  "/api/admin/cache/explain?key=",
                                  "/api/nothing/",
                                  "/"};
    http::raw_client client{server_->port()};
    for (const auto& place : places) {
        for (const auto& text : bad) {
            const answer a{client.get(place + text)};
            EXPECT_EQ(a.status, 400) << place << text << a.body;
            EXPECT_EQ(value_of(a, "code"), "bad_escape") << place << text;
            EXPECT_NE(a.field("X-Request-Id"), "") << place << text;
        }
    }
    EXPECT_EQ(ask("DELETE", "/api/sessions/%ff").status, 400);
    EXPECT_EQ(ask("GET", "/api/users/list?search=%C3%A9%F0%9F%98%80").status, 200);
    EXPECT_EQ(ask("GET", "/api/users/by-name/%C3%A9").status, 404);
}

TEST_P(requests, headers_that_are_no_text_are_repaired_or_mean_nothing)
{
    const std::string cut = "User-Agent: Moz\xc3\r\n";  // in the middle of a character
    const std::string cut_by_us = "User-Agent: " + std::string(199, 'x') + "\xe2\x82\xac\r\n";
    const auto made = ask("POST", "/api/auth/register", cut, ann);
    ASSERT_EQ(made.status, 201) << made.body;
    const auto token = bearer(value_of(made, "access_token"));
    EXPECT_EQ(ask("POST", "/api/auth/login", cut_by_us, ann_signs_in).status, 200);
    EXPECT_EQ(ask("POST", "/api/sessions", "User-Agent: \xff\xfe\xed\xa0\x80\r\n", ann_signs_in).status, 201);
    EXPECT_EQ(ask("POST", "/api/auth/login", cut, R"({"username":"ann","password":"wrong-wrong-1"})").status, 401);
    const auto sign_ins = ask("GET", "/api/sessions", token);
    EXPECT_THAT(sign_ins.body, HasSubstr("Moz\xef\xbf\xbd\""));
    EXPECT_THAT(sign_ins.body, HasSubstr(std::string(199, 'x') + "\"")) << "cut before the character";

    for (const std::string value : {"\xff\xfe", "s%3Aabc%ff.x", "s%3Aabc%00.x", "s%3A%zz.x", "s%3Aabc.\xff", "%", ""}) {
        const auto cookie = "Cookie: jevah.sid=" + value + "\r\n";
        EXPECT_EQ(ask("GET", "/api/posts", cookie).status, 200) << value;
        EXPECT_EQ(ask("GET", "/api/auth/me", cookie).status, 401) << value;
    }
    EXPECT_EQ(ask("GET", "/api/posts", "Authorization: Bearer \xff\r\n").status, 401);
    EXPECT_EQ(ask("GET", "/api/posts", "Authorization: Bearer agora_\xc3\r\n").status, 401);
    EXPECT_EQ(ask("GET", "/api/posts", "If-None-Match: \xff\r\nAccept-Encoding: \xc3\r\nOrigin: \xff\r\n").status, 200);
    EXPECT_THAT(ask("GET", "/api/posts", "X-Request-Id: \xff\r\n").field("X-Request-Id"), Not(HasSubstr("\xff")));
    EXPECT_EQ(ask("POST", "/api/posts", token + "Idempotency-Key: \xff\r\n", R"({"title":"t","body":"b"})").status,
              400);
}

TEST_P(requests, a_body_that_is_no_text_is_refused)
{
    const auto token = bearer(value_of(ask("POST", "/api/auth/register", "", ann), "access_token"));
    const std::string bad[] = {
        "\xff",       "\xc3",      "\xed\xa0\x80", "\xc0\xaf",        R"(\ud800)", R"(\udc00)",
        R"(\ud800x)", R"(\u0000)", R"(a\u0000b)",  R"(\ud800\ud800)", R"(\u12)",   std::string(1, '\0')};
    for (const auto& text : bad) {
        const std::pair<std::string, std::string> bodies[] = {
            {"/api/posts", R"({"title":")" + text + R"(","body":"b"})"},
            {"/api/posts", R"({"title":"t","body":"b","tags":[")" + text + R"("]})"},
            {"/api/posts", R"({"title":"t","body":"b",")" + text + R"(":1})"},
            {"/api/posts", R"({"title":"t","body":"b","unknown":{"x":[")" + text + R"("]}})"},
            {"/api/auth/login", R"({"username":")" + text + R"(","password":"x"})"},
            {"/api/auth/password/forgot", R"({"email":")" + text + R"("})"},
            {"/api/invalidate-cache", R"({"user_id":")" + text + R"("})"},
        };
        for (const auto& [target, body] : bodies) {
            const auto a = ask("POST", target, token, body);
            EXPECT_EQ(a.status, 400) << target << " " << body << a.body;
            EXPECT_EQ(value_of(a, "code"), "malformed_json") << body;
        }
    }
    for (const auto* body : {"{\"username\":\"u\xff\"}", R"({"username":"\ud800"})", R"({"username":"u\u0000"})"})
        EXPECT_EQ(ask("POST", "/api/auth/register", "", body).status, 400) << body;
    EXPECT_EQ(ask("POST", "/api/posts", token, R"({"title":"\ud83d\ude00 \u00e9","body":"b"})").status, 201);
}

TEST_P(requests, every_form_of_a_target_is_answered_alike_cold_and_warm)
{
    EXPECT_EQ(ask("GET", "http://any.example:81/api/posts?limit=3").field("Cache-Status"), "agora; fwd=miss; stored");
    const auto origin = ask("GET", "/api/posts?limit=3");
    EXPECT_EQ(origin.field("Cache-Status"), "agora; hit");
    const auto absolute = ask("GET", "http://any.example:81/api/posts?limit=3");
    EXPECT_EQ(absolute.field("Cache-Status"), "agora; hit");
    EXPECT_EQ(absolute.body, origin.body);
    const std::pair<std::string, int> targets[] = {
        {"http://h/api/users/1", 200},
        {"HTTP://h/api/users/by-name/agora", 200},
        {"http://h/api/users/999", 404},
        {"http:///api/posts", 400},
        {"http://u@h/api/posts", 400},
        {"api/posts", 400},
        {"h:80", 400},
        {"*", 400},
    };
    for (const auto& [target, status] : targets) {
        for (int again = 0; again < 2; ++again) EXPECT_EQ(ask("GET", target).status, status) << target << again;
    }
}

ACCOUNTS_SUITE(requests);

}  // namespace
}  // namespace agora::e2e
