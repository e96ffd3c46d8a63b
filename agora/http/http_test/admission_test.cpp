// SPDX-License-Identifier: MIT
// Admission: roles, credentials and rate limits, and the header fields that report the limits.
#include <gmock/gmock.h>
#include <agora/http/http_test/bearer_authenticator.hpp>
#include <agora/http/router.hpp>
#include <larder/testing/manual_clock.hpp>

namespace agora::http {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Pair;

class page {
 public:
    template <class Caller>
    response show(Caller)
    {
        return {200, "text/plain", "shown"};
    }
};

class admission_test : public ::testing::Test {
 protected:
    admission_test() { rules_.authenticate = &tokens_; }
    request request_with(std::string_view token = {}, std::string_view remote = "203.0.113.9")
    {
        request r;
        r.method = verb::get;
        r.client = remote;
        if (!token.empty()) r.add_header("authorization", token);
        return r;
    }
    template <class Caller = anyone>
    route& get(const std::string& pattern)
    {
        return routes_.get(pattern, &page::show<Caller>, page_);
    }
    unsigned admit(const route& to, request r)
    {
        last_ = try_admit(rules_, to, r).value();
        fields_ = r.admitted.fields;
        return last_ ? last_->status : 200;
    }

    bearer_authenticator tokens_{[](std::string_view t) -> std::optional<principal> {
        if (t == "ann") return principal{1, role::user};
        if (t == "mod") return principal{2, role::moderator};
        if (t == "key") return principal{1, role::user, true};
        if (t == "script") return principal{.user_id = 1, .role = role::user, .key_id = 7};
        if (t == "other script") return principal{.user_id = 1, .role = role::user, .key_id = 8};
        return std::nullopt;
    }};
    admission_rules rules_;
    larder::testing::manual_clock time_;
    larder::limiter limits_{larder::limiter_options{.time = &time_}};
    router routes_;
    page page_;
    std::optional<response> last_;
    std::vector<std::pair<std::string_view, std::string>> fields_;
};

TEST_F(admission_test, roles_are_checked)
{
    auto& open = get("/open");
    auto& mods = get<moderator>("/mods");
    auto& write = routes_.post("/write", &page::show<member>, page_);
    EXPECT_EQ(admit(open, request_with()), 200U);
    EXPECT_EQ(admit(open, request_with("Bearer nobody")), 401U)
        << "invalid credentials are refused, not treated as a guest's";
    EXPECT_EQ(admit(open, request_with("Basic ann")), 401U);
    EXPECT_EQ(admit(mods, request_with()), 401U);
    EXPECT_EQ(admit(mods, request_with("Bearer ann")), 403U);
    EXPECT_EQ(admit(mods, request_with("bearer mod")), 200U);
    auto r = request_with("Bearer key");
    r.method = verb::post;
    EXPECT_EQ(admit(write, r), 403U) << "a read-only API key";
    EXPECT_THAT(last_->headers,
                Contains(Pair("WWW-Authenticate", R"(Bearer error="insufficient_scope", scope="write")")));
    EXPECT_EQ(admit(open, request_with("Bearer key")), 200U);
}

TEST(bearer_token_test, is_the_text_after_the_scheme)
{
    const struct {
        std::string_view field;
        std::optional<std::string_view> token;
    } table[] = {
        {"Bearer abc", "abc"},       {"bearer abc", "abc"}, {"BEARER   abc", "abc"},
        {"Bearer\tabc ", "abc"},     {"Bearer", ""},        {"Bearer ", ""},
        {"Bearer a b", "a b"},       {"", std::nullopt},    {"Bearerabc", std::nullopt},
        {"Basic abc", std::nullopt}, {"abc", std::nullopt}, {" ", std::nullopt},
    };
    for (const auto& t : table) {
        request r;
        r.add_header("Authorization", t.field);
        EXPECT_EQ(bearer_token(r), t.token) << t.field;
    }
    EXPECT_EQ(bearer_token(request{}), std::nullopt);
}

TEST(admission_fields, do_not_set_a_cookie_that_the_handler_has_removed)
{
    request r;
    r.admitted.fields.emplace_back("Set-Cookie", "a=moved");
    r.admitted.fields.emplace_back("RateLimit", "x");
    response removed;
    removed.headers.emplace_back("Set-Cookie", "a=");
    request same = r;
    add_admission_fields(same, removed);
    EXPECT_THAT(removed.headers, ::testing::ElementsAre(Pair("Set-Cookie", "a="), Pair("RateLimit", "x")));
    response plain;
    add_admission_fields(r, plain);
    EXPECT_THAT(plain.headers, ::testing::ElementsAre(Pair("Set-Cookie", "a=moved"), Pair("RateLimit", "x")));
}

TEST_F(admission_test, the_state_of_a_limit_is_in_the_header)
{
    auto& two = limits_.limit({.name = "two", .quota = 2, .window = 60s});
    auto& page = get("/two").limit(two, limited_by::address);
    EXPECT_EQ(admit(page, request_with()), 200U);
    EXPECT_THAT(fields_, Contains(Pair("RateLimit-Policy", "\"two\";q=2;w=60")));
    EXPECT_THAT(fields_, Contains(Pair("RateLimit", "\"two\";r=1;t=60")));
    EXPECT_THAT(fields_, Contains(Pair("X-RateLimit-Limit", "2")));
    EXPECT_THAT(fields_, Contains(Pair("X-RateLimit-Remaining", "1")));
    EXPECT_THAT(fields_, Contains(Pair("X-RateLimit-Reset", "60")));
    time_.advance(500ms);
    admit(page, request_with());
    EXPECT_EQ(admit(page, request_with()), 429U);
    EXPECT_THAT(last_->headers, Contains(Pair("Retry-After", "60")))
        << "rounded up, so that a retry is never too early";
    EXPECT_THAT(last_->body, HasSubstr(R"("type":"https://iana.org/assignments/http-problem-types#quota-exceeded")"));
    EXPECT_THAT(last_->body, HasSubstr(R"("violated-policies":["two"])"));
    EXPECT_EQ(admit(page, request_with("", "203.0.113.10")), 200U) << "another client has its own count";
    time_.advance(59500ms);
    EXPECT_EQ(admit(page, request_with()), 200U);
}

TEST_F(admission_test, every_limit_counts_and_the_tightest_is_in_the_header)
{
    auto& wide = limits_.limit({.name = "wide", .quota = 100, .window = 1h});
    auto& tight = limits_.limit({.name = "tight", .quota = 1, .window = 1s});
    auto& page = get("/p").limit(wide, limited_by::address).limit(tight, limited_by::address);
    EXPECT_EQ(admit(page, request_with()), 200U);
    EXPECT_THAT(fields_, Contains(Pair("RateLimit", "\"wide\";r=99;t=3600, \"tight\";r=0;t=1")));
    EXPECT_THAT(fields_, Contains(Pair("X-RateLimit-Limit", "1")));
    EXPECT_EQ(admit(page, request_with()), 429U);
    EXPECT_THAT(last_->body, HasSubstr(R"("violated-policies":["tight"])"));
}

TEST_F(admission_test, users_are_counted_at_all_their_addresses)
{
    auto& one = limits_.limit({.name = "one", .quota = 1, .window = 60s});
    auto& page = get("/p").limit(one, limited_by::user);
    EXPECT_EQ(admit(page, request_with("Bearer ann", "203.0.113.1")), 200U);
    EXPECT_EQ(admit(page, request_with("Bearer ann", "203.0.113.2")), 429U);
    EXPECT_EQ(admit(page, request_with("Bearer script", "203.0.113.2")), 429U) << "an API key counts as its owner";
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(admit(page, request_with("Bearer mod")), 200U) << "moderators are not limited";
    EXPECT_EQ(admit(page, request_with("", "203.0.113.1")), 200U)
        << "a guest at the same address is counted separately";
    EXPECT_EQ(admit(page, request_with("", "203.0.113.1")), 429U);
}

TEST_F(admission_test, each_api_key_is_counted_separately)
{
    auto& one = limits_.limit({.name = "one", .quota = 1, .window = 60s});
    auto& few = limits_.limit({.name = "few", .quota = 3, .window = 60s});
    auto& page = get("/p").limit(one, limited_by::key).limit(few, limited_by::user);
    EXPECT_EQ(admit(page, request_with("Bearer script", "203.0.113.1")), 200U);
    EXPECT_EQ(admit(page, request_with("Bearer script", "203.0.113.2")), 429U);
    EXPECT_EQ(admit(page, request_with("Bearer other script")), 200U);
    EXPECT_EQ(admit(page, request_with("Bearer ann")), 200U)
        << "a request without an API key is not counted by the limit on keys";
    EXPECT_THAT(fields_, Contains(Pair("RateLimit-Policy", "\"few\";q=3;w=60")));
    EXPECT_EQ(admit(page, request_with("Bearer ann")), 429U)
        << "the limit on the user counts requests with and without API keys";
    EXPECT_EQ(admit(page, request_with()), 200U);
}

TEST_F(admission_test, changes_by_members_have_a_separate_limit)
{
    auto& read = get<member>("/p");
    auto& write = routes_.put("/p", &page::show<member>, page_);
    auto& sign_in = routes_.post("/sign-in", &page::show<anyone>, page_);
    routes_.limit_changes(limits_.limit({.name = "one", .quota = 1, .window = 60s}), limited_by::user);
    EXPECT_EQ(admit(write, request_with("Bearer ann")), 200U);
    EXPECT_EQ(admit(write, request_with("Bearer ann")), 429U);
    EXPECT_EQ(admit(read, request_with("Bearer ann")), 200U);
    EXPECT_EQ(admit(sign_in, request_with()), 200U);
    EXPECT_EQ(admit(sign_in, request_with()), 200U);
}

}  // namespace
}  // namespace agora::http
