// SPDX-License-Identifier: MIT
// The session cookie: reading it as Express does, the attributes of Set-Cookie, and the facts of sessions that this
// server or Express has written.
#include <gmock/gmock.h>
#include <agora/features/authentication/session_cookie.hpp>

namespace agora::authentication {
namespace {

using namespace std::chrono_literals;

http::request sending(std::initializer_list<std::string_view> cookies)
{
    http::request r;
    for (const auto c : cookies) r.add_header("Cookie", c);
    return r;
}

TEST(session_cookie, is_found_as_express_finds_it)
{
    const struct {
        std::initializer_list<std::string_view> fields;
        std::size_t position;
        std::optional<std::string_view> value;
    } table[] = {
        {{}, 0, std::nullopt},
        {{"a=1"}, 0, std::nullopt},
        {{"sid"}, 0, std::nullopt},
        {{"sid=x"}, 0, "x"},
        {{"sid="}, 0, ""},
        {{"sid=x"}, 1, std::nullopt},
        {{"a=1; sid=x;b=2"}, 0, "x"},
        {{"a=1;sid = x ; b=2"}, 0, "x"},
        {{"\tsid=x\t"}, 0, "x"},
        {{"sid=\"x\""}, 0, "x"},
        {{"sid=\""}, 0, "\""},
        {{"sid=x=y"}, 0, "x=y"},
        {{"xsid=1; sidx=2; sid.x=3"}, 0, std::nullopt},
        {{"SID=x"}, 0, std::nullopt},
        {{";;; ;sid=x;;"}, 0, "x"},
        {{"sid=x; sid=y"}, 0, "x"},
        {{"sid=x; sid=y"}, 1, "y"},
        {{"sid=x", "a=1", "sid=y; sid=z"}, 2, "z"},
    };
    for (const auto& t : table) {
        const auto r = sending(t.fields);
        EXPECT_EQ(cookie_at(r, "sid", t.position), t.value)
            << (t.fields.size() != 0 ? *t.fields.begin() : "") << " " << t.position;
    }
}

larder::session holding(std::string_view data) { return {"id", *larder::json::members::parse(data)}; }

TEST(session_cookie, is_set_with_the_attributes_that_the_session_stores)
{
    const struct {
        const char* cookie;
        const char* attributes;
    } table[] = {
        {R"({"originalMaxAge":86400000,"expires":"2026-01-02T00:00:00.000Z","httpOnly":true,"path":"/","sameSite":"lax"})",
         "; Path=/; Max-Age=86400; HttpOnly; SameSite=Lax"},
        {R"({"originalMaxAge":86400000,"secure":true,"httpOnly":true,"path":"/","sameSite":"strict"})",
         "; Path=/; Max-Age=86400; HttpOnly; SameSite=Strict; Secure"},
        {R"({"originalMaxAge":60000,"httpOnly":true,"domain":"example.org","path":"/app","sameSite":true,"priority":"high"})",
         "; Domain=example.org; Path=/app; Max-Age=60; HttpOnly; SameSite=Strict; Priority=high"},
        {R"({"originalMaxAge":1500,"httpOnly":false,"path":"/","sameSite":false,"secure":false})",
         "; Path=/; Max-Age=2"},
        {R"({"originalMaxAge":60000,"sameSite":"none","secure":true,"partitioned":true})",
         "; Path=/; Max-Age=60; HttpOnly; SameSite=None; Secure; Partitioned"},
        {R"({"originalMaxAge":null,"expires":null,"httpOnly":true,"path":"/"})", "; Path=/; HttpOnly"},
        {R"({"originalMaxAge":60000,"domain":"a.example; Secure","path":"x\r\nSet-Cookie: a=b","sameSite":"odd"})",
         "; Path=/; Max-Age=60; HttpOnly; SameSite=Lax"},
        {R"(7)", "; Path=/; HttpOnly"},
    };
    for (const auto& t : table)
        EXPECT_EQ(set_cookie("sid", "v", holding(R"({"cookie":)" + std::string{t.cookie} + "}")),
                  "sid=v" + std::string{t.attributes});
    EXPECT_EQ(clear_cookie("sid", holding(R"({"cookie":{"domain":"example.org","path":"/app"}})")),
              "sid=; Domain=example.org; Path=/app; Max-Age=0; HttpOnly");
}

TEST(session_cookie, the_mark_lives_as_long_and_is_sent_on_the_first_click)
{
    EXPECT_EQ(
        set_mark(holding(R"({"cookie":{"originalMaxAge":86400000,"secure":true,"sameSite":"strict","path":"/a"}})")),
        "agora.in=1; Path=/; Max-Age=86400; HttpOnly; SameSite=Lax; Secure");
    EXPECT_EQ(set_mark(holding(R"({"cookie":{}})")), "agora.in=1; Path=/; HttpOnly; SameSite=Lax");
    EXPECT_EQ(clear_mark(), "agora.in=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
}

TEST(session_cookie, of_a_session_that_is_taken_along_is_as_safe_as_ones_own)
{
    larder::session_options o;
    o.cookie.secure = true;
    o.cookie.same_site = "strict";
    auto theirs = holding(
        R"({"cookie":{"originalMaxAge":60000,"httpOnly":false,"domain":"example.org","path":"/","secure":false},"cart":[1]})");
    const larder::session ours{"id", with_own_cookie(theirs.data(), o)};
    EXPECT_EQ(set_cookie("sid", "v", ours),
              "sid=v; Domain=example.org; Path=/; Max-Age=60; HttpOnly; SameSite=Strict; Secure");
    EXPECT_EQ(*ours.data().find("cart"), "[1]");
}

TEST(session_facts, are_read_from_sessions_of_both_makers)
{
    constexpr larder::timestamp day = std::chrono::sys_days{std::chrono::January / 2 / 2026};
    const struct {
        const char* data;
        std::int64_t owner;
        std::optional<larder::timestamp> signed_in;
    } table[] = {
        {R"({"cookie":{}})", 0, std::nullopt},
        {R"({"cookie":{},"userId":7})", 7, std::nullopt},
        {R"({"cookie":{},"userId":"7"})", 7, std::nullopt},
        {R"({"cookie":{},"userId":"7 "})", 0, std::nullopt},
        {R"({"cookie":{},"userId":"ann"})", 0, std::nullopt},
        {R"({"cookie":{},"userId":""})", 0, std::nullopt},
        {R"({"cookie":{},"userId":7.5})", 0, std::nullopt},
        {R"({"cookie":{},"userId":null})", 0, std::nullopt},
        {R"({"cookie":{},"userId":{"id":7}})", 0, std::nullopt},
        {R"({"cookie":{},"userId":"99999999999999999999"})", 0, std::nullopt},
        {R"({"cookie":{},"userId":7,"signedInAt":"2026-01-02T00:00:00.000Z"})", 7, day},
        {R"({"cookie":{"originalMaxAge":60000,"expires":"2026-01-02T00:01:00.000Z"},"userId":7})", 7, day},
        {R"({"cookie":{"originalMaxAge":60000,"expires":"2027-01-02T00:01:00.000Z"},"userId":7,"signedInAt":"2026-01-02T00:00:00.000Z"})",
         7, day},
        {R"({"cookie":{"originalMaxAge":null,"expires":null},"userId":7})", 7, std::nullopt},
        {R"({"cookie":{"originalMaxAge":60000,"expires":"soon"},"userId":7})", 7, std::nullopt},
    };
    for (const auto& t : table) {
        const auto f = facts_of(holding(t.data));
        EXPECT_EQ(f.owner, t.owner) << t.data;
        EXPECT_EQ(f.signed_in, t.signed_in) << t.data;
        EXPECT_FALSE(f.proven);
    }
}

}  // namespace
}  // namespace agora::authentication
