// SPDX-License-Identifier: MIT
// Malformed and unusual requests, on both databases: bytes that are not valid text, targets of every form, parameters
// that contradict each other, and repeated requests.
#include <gtest/gtest.h>

#include "tests/e2e/accounts.hpp"

namespace agora::e2e {
namespace {

class requests : public accounts_on {};

TEST_P(requests, a_target_that_is_not_valid_text_is_rejected_first)
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

TEST_P(requests, headers_that_are_not_valid_text_are_repaired_or_ignored)
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
    EXPECT_THAT(sign_ins.body, HasSubstr(std::string(199, 'x') + "\"")) << "cut before the character, not inside it";

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

TEST_P(requests, a_body_that_is_not_valid_text_is_rejected)
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

TEST_P(requests, every_form_of_a_target_gets_the_same_response_cached_or_not)
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

TEST_P(requests, contradictory_parameters_are_rejected_cached_or_not)
{
    const std::string lists[] = {"/api/posts", "/api/posts/user/1", "/api/users/list", "/api/categories", "/api/tags"};
    // Each good request fills a cache entry that a careless cache key would serve to the bad ones.
    const std::string good[] = {"",         "?per_page=7",         "?page=2",         "?limit=20",
                                "?skip=20", "?page=2&per_page=20", "?include_total=1"};
    const std::string bad[] = {
        "?per_page=7&limit=20", "?page=2&skip=0", "?page=2&skip=20", "?cursor=x&skip=0", "?limit=0",
        "?limit=101",           "?per_page=0",    "?page=0",         "?skip=-1",         "?skip=10001",
        "?limit=20&limit=x",    "?limit=x",       "?include_total=2"};
    for (const auto& list : lists) {
        for (const auto& query : bad) {
            const auto cold = ask("GET", list + query);
            for (const auto& fill : good) EXPECT_EQ(ask("GET", list + fill).status, 200) << list << fill;
            const auto warm = ask("GET", list + query);
            EXPECT_EQ(warm.status, cold.status) << list << query << warm.body;
            EXPECT_EQ(value_of(warm, "code"), value_of(cold, "code")) << list << query;
            // Of two values of one parameter the first counts, cached or not.
            EXPECT_EQ(cold.status, query == "?limit=20&limit=x" ? 200 : 422) << list << query << cold.body;
        }
    }
}

TEST_P(requests, equivalent_requests_share_one_cache_entry)
{
    const std::pair<std::string, std::vector<std::string>> same[] = {
        {"/api/posts",
         {"?limit=20", "?skip=0", "?page=1", "?per_page=20", "?sort=new",
          "?q=", "?tag=&category=&author=", "?sort=", "?include_total=0", "?unknown=1", "?limit=20&sort=new&skip=0"}},
        {"/api/posts?page=3&per_page=5", {"?skip=10&limit=5", "?limit=5&page=3"}},
        {"/api/users/list", {"?search=", "?limit=20", "?page=1"}},
        {"/api/users/list?search=agora", {"?search=agora&limit=20&skip=0"}},
        {"/api/tags", {"?limit=20", "?per_page=20"}},
    };
    for (const auto& [first, others] : same) {
        const auto filled = ask("GET", first);
        ASSERT_EQ(filled.status, 200) << first;
        EXPECT_EQ(filled.field("Cache-Status"), "agora; fwd=miss; stored") << first;
        for (const auto& other : others) {
            const auto a = ask("GET", first.substr(0, first.find('?')) + other);
            EXPECT_EQ(a.field("Cache-Status"), "agora; hit") << other;
            EXPECT_EQ(a.body, filled.body) << other;
        }
    }
    EXPECT_EQ(ask("GET", "/api/posts?q=x").status, 422);
    EXPECT_EQ(ask("GET", "/api/posts?cursor=").status, 400) << "an empty cursor must not restart the list";
}

TEST_P(requests, guests_can_repeat_a_post_and_secrets_are_not_stored)
{
    const auto key = [](const char* name) { return "Idempotency-Key: " + std::string{name} + "\r\n"; };
    const auto made = ask("POST", "/api/auth/register", key("sign-up"), ann);
    ASSERT_EQ(made.status, 201) << made.body;
    const auto again = ask("POST", "/api/auth/register", key("sign-up"), ann);
    EXPECT_EQ(again.status, 409);
    EXPECT_EQ(value_of(again, "code"), "already_done") << again.body;
    EXPECT_THAT(again.body, Not(HasSubstr("access_token")));
    EXPECT_EQ(value_of(ask("POST", "/api/auth/register", key("other"), ann), "code"), "username_taken")
        << "another key is another request";

    EXPECT_EQ(ask("POST", "/api/sessions", key("session"), ann_signs_in).status, 201);
    const auto second = ask("POST", "/api/sessions", key("session"), ann_signs_in);
    EXPECT_EQ(value_of(second, "code"), "already_done");
    EXPECT_EQ(second.field("Set-Cookie"), "");

    const std::string wrong = R"({"username":"ann","password":"wrong-wrong-1"})";
    EXPECT_EQ(ask("POST", "/api/auth/login", key("login"), wrong).status, 401);
    const auto refused = ask("POST", "/api/auth/login", key("login"), wrong);
    EXPECT_EQ(refused.status, 401) << "a refusal contains no secret, so it is stored";
    EXPECT_EQ(refused.field("Idempotency-Replayed"), "true");
    EXPECT_EQ(value_of(ask("POST", "/api/auth/login", key("login"), ann_signs_in), "code"), "idempotency_key_reused");

    const std::string mail = R"({"email":"ann@example.org"})";
    EXPECT_EQ(ask("POST", "/api/auth/password/forgot", key("mail"), mail).status, 202);
    EXPECT_EQ(ask("POST", "/api/auth/password/forgot", key("mail"), mail).field("Idempotency-Replayed"), "true");
    const auto in_other_words = ask("POST", "http://any.example/api/auth/password/forgot", key("mail"), mail);
    EXPECT_EQ(in_other_words.field("Idempotency-Replayed"), "true") << "the form of the target does not matter";
    const auto token = bearer(value_of(made, "access_token"));
    EXPECT_EQ(ask("POST", "/api/auth/password/forgot", token + key("mail"), mail).field("Idempotency-Replayed"), "")
        << "a member's keys are separate from those of guests in the same network";
}

ACCOUNTS_SUITE(requests);

}  // namespace
}  // namespace agora::e2e
