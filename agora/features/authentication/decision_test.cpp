// SPDX-License-Identifier: MIT
// decide() for every kind of credential in every state, on all kinds of routes and methods. The table all_credentials
// lists them; each row says how the credential has to be treated.
#include <gmock/gmock.h>
#include <agora/features/authentication/decision.hpp>

namespace agora::authentication {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr larder::timestamp now{1h * 24 * 365 * 50};
constexpr std::int64_t ann = 7;

/// The actual value of a fact; nullopt: it cannot be looked up.
template <class T>
using truth = std::optional<T>;

struct cookie_truth {
    truth<std::optional<session_facts>> session;
    truth<accounts::account_status> account{};
};

/// What a request carries, and the actual state of its credentials.
struct world {
    authorization token = authorization::none;
    bool token_can_end = false;
    truth<std::int64_t> sign_in_owner{};
    truth<std::optional<api_keys::key_owner>> key{};
    truth<accounts::account_status> account{};
    std::vector<cookie_truth> cookies{};
};

enum class verdict : std::uint8_t { guest, unknown, member, unauthorized, csrf };

std::ostream& operator<<(std::ostream& out, verdict v)
{
    return out << std::array{"guest", "unknown", "member", "unauthorized", "csrf"}.at(static_cast<std::size_t>(v));
}

struct route_and_method {
    bool safe = true;
    bool proven = false;
    bool without_cookies = false;
};

struct course {
    verdict end = verdict::guest;
    std::vector<missing> asked{};
    decision last{};
};

template <class T>
void supply(fact<T>& f, const truth<T>& t)
{
    EXPECT_TRUE(f.unknown()) << "decide() asked for a known fact";
    t ? f.learn(*t) : f.give_up();
}

verdict verdict_of(const decision& d)
{
    if (d.refusal == refusal::csrf) return verdict::csrf;
    if (d.refusal != refusal::none) return verdict::unauthorized;
    if (d.caller.unknown) return verdict::unknown;
    return d.caller.user_id == 0 ? verdict::guest : verdict::member;
}

/// Supplies facts until decide() reaches a verdict.
course run(const world& w, const route_and_method& how)
{
    request_facts f;
    f.authorization = w.token;
    f.safe = how.safe;
    f.ignores_cookies = how.without_cookies;
    f.now = now;
    f.operator_id = 1;
    f.token_owner = ann;
    f.token_can_end = w.token_can_end;
    course c;
    std::size_t next_cookie = 0;
    const cookie_truth* cookie = nullptr;
    for (int steps = 0; steps < 30; ++steps) {
        c.last = decide(f);
        if (c.last.missing == missing::nothing) {
            c.end = verdict_of(c.last);
            return c;
        }
        c.asked.push_back(c.last.missing);
        switch (c.last.missing) {
            case missing::sign_in:
                supply(f.sign_in_owner, w.sign_in_owner);
                break;
            case missing::key:
                supply(f.key, w.key);
                break;
            case missing::cookie:
                f.session = {};
                f.account = {};
                f.cookie = {};
                cookie = next_cookie < w.cookies.size() ? &w.cookies[next_cookie++] : nullptr;
                f.cookie.learn(cookie != nullptr);
                break;
            case missing::session: {
                auto session = cookie->session;
                if (session && *session) (*session)->proven = how.proven;
                supply(f.session, session);
                break;
            }
            case missing::account:
                EXPECT_EQ(c.last.account_id, ann);
                supply(f.account, cookie != nullptr ? cookie->account : w.account);
                break;
            case missing::nothing:
                break;
        }
    }
    ADD_FAILURE() << "decide() reached no verdict";
    return c;
}

const accounts::account_status active{true, http::role::user, now - 24h};
const accounts::account_status gone{};

session_facts of_ann(std::optional<larder::timestamp> signed_in = now - 1h) { return {ann, signed_in, false}; }

api_keys::key_owner key_of_ann(std::optional<larder::timestamp> ends = std::nullopt)
{
    api_keys::key_owner k;
    k.id = 3;
    k.user_id = ann;
    k.read_only = true;
    k.expires_at = ends;
    return k;
}

world with_cookies(std::vector<cookie_truth> all)
{
    world w;
    w.cookies = std::move(all);
    return w;
}
world with_token(truth<std::int64_t> sign_in, truth<accounts::account_status> account = active)
{
    return {authorization::access_token, true, sign_in, {}, account};
}
world with_key(truth<std::optional<api_keys::key_owner>> key, truth<accounts::account_status> account = active)
{
    return {authorization::api_key, false, {}, std::move(key), account};
}
world sent(authorization a)
{
    world w;
    w.token = a;
    return w;
}

const cookie_truth live{of_ann(), active};
const cookie_truth ended{std::optional<session_facts>{}};

/// How a credential is treated, whatever its kind.
enum class standing_of_credential : std::uint8_t { none, cookie, lost_cookie, token, bad_token, lost_token };

struct row {
    const char* what;
    standing_of_credential is;
    world w;
};

using is = standing_of_credential;
const row all_credentials[] = {
    {"no credential", is::none, {}},
    {"a valid cookie", is::cookie, with_cookies({live})},
    {"a cookie of Express that does not say when its user signed in", is::cookie,
     with_cookies({{of_ann(std::nullopt), active}})},
    {"a cookie from the same instant as the new password", is::cookie, with_cookies({{of_ann(active.since), active}})},
    {"a session that has expired, was destroyed, or never existed", is::none, with_cookies({ended})},
    {"a session without a user", is::none, with_cookies({{session_facts{}, active}})},
    {"a session with an impossible user id", is::none, with_cookies({{session_facts{-7, {}, false}, active}})},
    {"a session from before the new password", is::none, with_cookies({{of_ann(active.since - 1ms), active}})},
    {"a session of a deleted account", is::none, with_cookies({{of_ann(), gone}})},
    {"a session that cannot be looked up", is::lost_cookie, with_cookies({{std::nullopt, active}})},
    {"a session whose user cannot be looked up", is::lost_cookie, with_cookies({{of_ann(), std::nullopt}})},
    {"ended cookies before a valid one", is::cookie, with_cookies({ended, {of_ann(), gone}, live})},
    {"a valid cookie before an ended one", is::cookie, with_cookies({live, ended})},
    {"an ended cookie before one that cannot be looked up", is::lost_cookie, with_cookies({ended, {std::nullopt}})},
    {"only ended cookies", is::none, with_cookies({ended, ended, {of_ann(), gone}})},

    {"the operator's token", is::token, sent(authorization::operator_token)},
    {"a valid access token", is::token, with_token(ann)},
    {"an access token without a sign-in", is::token, {authorization::access_token, false, {}, {}, active}},
    {"an access token whose sign-in has ended", is::bad_token, with_token(0)},
    {"an access token with the sign-in of another user", is::bad_token, with_token(8)},
    {"an access token of a deleted account", is::bad_token, with_token(ann, gone)},
    {"an access token whose sign-in cannot be looked up", is::lost_token, with_token(std::nullopt)},
    {"an access token whose user cannot be looked up", is::lost_token, with_token(ann, std::nullopt)},
    {"an expired token", is::bad_token, sent(authorization::expired_token)},
    {"a forged, garbled or empty token", is::bad_token, sent(authorization::invalid_token)},
    {"another scheme", is::bad_token, sent(authorization::unsupported_scheme)},
    {"two Authorization fields", is::bad_token, sent(authorization::several)},
    {"a valid API key", is::token, with_key(key_of_ann())},
    {"an API key that has not expired yet", is::token, with_key(key_of_ann(now + 1ms))},
    {"an API key that is unknown or was revoked", is::bad_token, with_key(std::optional<api_keys::key_owner>{})},
    {"an API key that has expired", is::bad_token, with_key(key_of_ann(now))},
    {"an API key of a deleted account", is::bad_token, with_key(key_of_ann(), gone)},
    {"an API key that cannot be looked up", is::lost_token, with_key(std::nullopt)},
    {"an API key whose user cannot be looked up", is::lost_token, with_key(key_of_ann(), std::nullopt)},
};

verdict expected(standing_of_credential credential, const route_and_method& how)
{
    switch (credential) {
        case is::none:
            return verdict::guest;
        case is::cookie:
            if (how.without_cookies) return verdict::guest;
            return how.safe || how.proven ? verdict::member : verdict::csrf;
        case is::lost_cookie:
            return how.without_cookies ? verdict::guest : verdict::unknown;
        case is::token:
            return verdict::member;
        case is::bad_token:
            return verdict::unauthorized;
        case is::lost_token:
            return verdict::unknown;
    }
    return verdict::unknown;
}

constexpr route_and_method all_ways[] = {{true, false, false}, {false, false, false}, {false, true, false},
                                         {true, false, true},  {false, false, true},  {false, true, true}};

TEST(authentication, treats_every_credential_by_its_kind_and_state_on_all_routes_and_methods)
{
    for (const auto& r : all_credentials) {
        for (const auto& how : all_ways) {
            EXPECT_EQ(run(r.w, how).end, expected(r.is, how))
                << r.what << (how.safe ? ", read" : ", write") << (how.proven ? " with the CSRF token" : "")
                << (how.without_cookies ? ", route without cookies" : "");
        }
    }
}

TEST(authentication, a_cookie_beside_a_token_is_not_even_looked_at)
{
    for (const auto& r : all_credentials) {
        if (r.w.token == authorization::none) continue;
        for (const auto& how : all_ways) {
            auto both = r.w;
            both.cookies = {live};
            const auto c = run(both, how);
            EXPECT_EQ(c.end, expected(r.is, how)) << r.what;
            EXPECT_THAT(c.asked, ::testing::Not(::testing::Contains(missing::cookie))) << r.what;
        }
    }
}

TEST(authentication, gathers_nothing_that_the_verdict_does_not_depend_on)
{
    const route_and_method read{};
    const route_and_method write{.safe = false};
    EXPECT_THAT(run(with_cookies({live}), {.safe = false, .without_cookies = true}).asked, IsEmpty());
    EXPECT_THAT(run(sent(authorization::invalid_token), write).asked, IsEmpty());
    EXPECT_THAT(run(sent(authorization::operator_token), write).asked, IsEmpty());
    EXPECT_THAT(run(with_token(0), read).asked, ElementsAre(missing::sign_in));
    EXPECT_THAT(run(with_token(ann), read).asked, ElementsAre(missing::sign_in, missing::account));
    EXPECT_THAT(run(with_key(key_of_ann(now - 1h)), read).asked, ElementsAre(missing::key));
    EXPECT_THAT(run(with_cookies({ended}), write).asked,
                ElementsAre(missing::cookie, missing::session, missing::cookie));
    EXPECT_THAT(run(with_cookies({live, live}), write).asked,
                ElementsAre(missing::cookie, missing::session, missing::account));
}

TEST(authentication, says_for_whom_and_by_what)
{
    const auto by_key = run(with_key(key_of_ann()), {}).last.caller;
    EXPECT_EQ(by_key.by, http::credential::api_key);
    EXPECT_EQ(by_key.user_id, ann);
    EXPECT_EQ(by_key.key_id, 3);
    EXPECT_TRUE(by_key.read_only);
    EXPECT_EQ(run(with_token(ann), {}).last.caller.by, http::credential::access_token);
    EXPECT_EQ(run(with_cookies({live}), {}).last.caller.by, http::credential::session);
    const auto by_operator = run(sent(authorization::operator_token), {}).last.caller;
    EXPECT_EQ(by_operator.by, http::credential::operator_token);
    EXPECT_EQ(by_operator.role, http::role::admin);
}

TEST(authentication, only_a_session_that_counts_goes_on)
{
    EXPECT_TRUE(run(with_cookies({live}), {}).last.session_counts);
    EXPECT_TRUE(run(with_cookies({live}), {.safe = false}).last.session_counts)
        << "also when the CSRF token is missing";
    EXPECT_FALSE(run(with_cookies({{of_ann(), gone}}), {}).last.session_counts);
    EXPECT_FALSE(run(with_token(ann), {}).last.session_counts);
}

TEST(authentication, a_token_that_does_not_count_is_named_in_the_challenge)
{
    for (const auto r : {refusal::invalid_token, refusal::expired_token, refusal::invalid_key, refusal::signed_out,
                         refusal::several_credentials}) {
        EXPECT_EQ(failure_of(r).status, 401U);
        EXPECT_EQ(failure_of(r).challenge, R"(Bearer error="invalid_token")");
    }
    EXPECT_EQ(failure_of(refusal::unsupported_scheme).challenge, "") << "no token was sent";
    EXPECT_EQ(failure_of(refusal::csrf).status, 403U);
}

}  // namespace
}  // namespace agora::authentication
