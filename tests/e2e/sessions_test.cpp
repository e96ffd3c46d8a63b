// SPDX-License-Identifier: MIT
// Credentials that are no longer valid, and cookies whose session is extended by use. Sessions of Express are written
// into Redis as connect-redis writes them.
#include <larder/rfc3339.hpp>
#include <larder/session.hpp>

#include "tests/e2e/accounts.hpp"

namespace agora::e2e {
namespace {

const std::string secret = "a secret for sessions of 32 characters";
const std::string bob = R"({"username":"bob","email":"bob@example.org","password":"kelp-morning-7"})";

/// The Cookie field for a session's id, signed as cookie-signature does.
std::string cookie_of(const std::string& id, const std::string& signed_with = secret)
{
    larder::session_options o;
    o.secrets = {signed_with};
    return "Cookie: jevah.sid=" + larder::session_store{o}.sign(id) + "\r\n";
}

std::string pair_of(const answer& a)
{
    const auto set = a.field("Set-Cookie");
    return set.substr(0, set.find(';'));
}

std::string id_of(const std::string& cookie_field) { return cookie_field.substr(cookie_field.find("%3A") + 3, 32); }

class sessions : public accounts_on {
 protected:
    sessions() : accounts_on{{"SESSION_SECRET=" + secret}} {}

    redis_server& redis() { return redis_server::shared(); }
    std::string user_id(const std::string& credentials)
    {
        return values_of(ask("GET", "/api/users/me", credentials).body, "id")[0];
    }
    /// A session that Express has created: it has the user's id, but no CSRF token and no sign-in time.
    std::string express_session(const std::string& id, const std::string& user)
    {
        const auto expires = larder::to_rfc3339(larder::system_clock().wall() + std::chrono::hours{24});
        const auto text = R"({"cookie":{"originalMaxAge":86400000,"expires":")" + expires +
                          R"(","httpOnly":true,"path":"/"},"userId":)" + user + "}";
        redis().command({"SET", "session:sess:" + id, text, "EX", "86400"});
        return cookie_of(id);
    }
    /// Expects that a client with this cookie gets the same responses as one without a cookie.
    void expect_guest(const std::string& what, const std::string& cookie)
    {
        EXPECT_EQ(ask("GET", "/api/posts", cookie).status, 200) << what;
        EXPECT_EQ(ask("GET", "/api/posts", cookie).field("Cache-Control"), "public, max-age=0, must-revalidate")
            << what;
        EXPECT_EQ(ask("HEAD", "/api/health", cookie).status, 200) << what;
        EXPECT_EQ(ask("POST", "/api/invalidate-cache", cookie, "{}").status, 200) << what << ": guests may do this";
        const auto me = ask("GET", "/api/users/me", cookie);
        EXPECT_EQ(me.status, 401) << what;
        EXPECT_EQ(value_of(me, "code"), "credentials_needed") << what;
        EXPECT_EQ(me.field("WWW-Authenticate"), "Bearer") << what << ": no token was sent";
        EXPECT_EQ(ask("POST", "/api/posts", cookie, R"({"title":"t","body":"b"})").status, 401) << what;
        EXPECT_EQ(ask("PUT", "/api/users/me", cookie, "{}").status, 401) << what;
        EXPECT_EQ(ask("DELETE", "/api/sessions", cookie).status, 401) << what;
        EXPECT_EQ(ask("POST", "/api/auth/logout", cookie).status, 401) << what;
        expect_may_sign_in(what, cookie);
    }
    void expect_may_sign_in(const std::string& what, const std::string& cookie)
    {
        EXPECT_EQ(ask("POST", "/api/sessions", cookie, bob_signs_in).status, 201) << what;
        EXPECT_EQ(ask("POST", "/api/auth/login", cookie, bob_signs_in).status, 200) << what;
        EXPECT_THAT(ask("POST", "/api/auth/register", cookie, bob).status, ::testing::AnyOf(409, 429)) << what;
        EXPECT_EQ(ask("POST", "/api/auth/password/forgot", cookie, R"({"email":"x@example.org"})").status, 202) << what;
    }
    const std::string bob_signs_in = R"({"username":"bob","password":"kelp-morning-7"})";
};
ACCOUNTS_SUITE(sessions);

TEST_P(sessions, an_invalid_cookie_makes_the_client_a_guest)
{
    enroll(bob);
    const auto token = bearer(enroll());
    expect_guest("garbage", "Cookie: jevah.sid=garbage\r\n");
    expect_guest("empty", "Cookie: jevah.sid=\r\n");
    expect_guest("unreadable", "Cookie: jevah.sid=s%3A%ff%zz.\xff\r\n");
    expect_guest("forged", "Cookie: jevah.sid=s%3Aabc.c2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0\r\n");
    expect_guest("correctly signed, but no such session", cookie_of(std::string(32, 'x')));
    const auto [first, csrf] = cookie();
    EXPECT_EQ(ask("GET", "/api/users/me", first).status, 200);
    expect_guest("signed by another secret", cookie_of(id_of(first), "another secret of more than 32 letters"));
    EXPECT_EQ(ask("POST", "/api/auth/logout", first + csrf).status, 204);
    expect_guest("signed out", first);
    const auto [second, second_csrf] = cookie();
    EXPECT_EQ(ask("DELETE", "/api/sessions", token).status, 200);
    expect_guest("ended from elsewhere", second);
    const auto [third, third_csrf] = cookie();
    EXPECT_EQ(
        ask("PUT", "/api/auth/password", token, R"({"old_password":"kelp-morning-7","new_password":"harbour-lamp-3"})")
            .status,
        204);
    expect_guest("from before the new password", third);
}

TEST_P(sessions, a_deleted_account_has_no_session_on_any_node)
{
    enroll(bob);
    const auto token = bearer(enroll());
    const auto [cookie_field, csrf] = cookie();
    const agora_process other{data_, settings(), false};
    if (on_redis()) {
        EXPECT_EQ(call(other.port(), "GET", "/api/users/me", cookie_field).status, 200);
    }
    EXPECT_EQ(ask("DELETE", "/api/users/me", token, R"({"password":"kelp-morning-7"})").status, 204);
    expect_guest("the account was deleted", cookie_field);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{3};
    int status = 200;
    while (status != 401 && std::chrono::steady_clock::now() < end)
        status = call(other.port(), "GET", "/api/users/me", cookie_field).status;
    EXPECT_EQ(status, 401);
    EXPECT_EQ(call(other.port(), "GET", "/api/users/me", token).status, 401);
}

TEST_P(sessions, an_invalid_token_is_rejected_everywhere_even_with_a_valid_cookie)
{
    const auto token = bearer(enroll());
    const auto [cookie_field, csrf] = cookie();
    const auto made = ask("POST", "/api/api-keys", token, R"({"name":"k","scopes":["read","write"]})");
    EXPECT_EQ(ask("DELETE", made.field("Location"), token).status, 204);
    const auto other = ask("POST", "/api/auth/login", {}, ann_signs_in);
    const auto signed_out = bearer(value_of(other, "access_token"));
    EXPECT_EQ(ask("POST", "/api/auth/logout", signed_out).status, 204);
    const std::string named = R"(Bearer error="invalid_token")";
    const struct {
        const char* what;
        std::string fields;
        std::string challenge;
    } table[] = {
        {"garbage", bearer("garbage"), named},
        {"empty", "Authorization: Bearer\r\n", named},
        {"empty, with spaces", "Authorization: bearer   \r\n", named},
        {"a refresh token", bearer(value_of(other, "refresh_token")), named},
        {"signed out", signed_out, named},
        {"no such key", bearer("agk_" + std::string(43, 'x')), named},
        {"a revoked key", bearer(value_of(made, "key")), named},
        {"another scheme", "Authorization: Basic YW5uOmtlbHA=\r\n", "Bearer"},
        {"no scheme", "Authorization: x\r\n", "Bearer"},
    };
    for (const auto& t : table) {
        for (const auto& beside : {std::string{}, cookie_field + csrf}) {
            for (const auto& [method, target] :
                 std::vector<std::pair<std::string, std::string>>{{"GET", "/api/posts"},
                                                                  {"GET", "/api/health"},
                                                                  {"GET", "/api/users/me"},
                                                                  {"POST", "/api/posts"},
                                                                  {"POST", "/api/sessions"},
                                                                  {"POST", "/api/auth/login"},
                                                                  {"DELETE", "/api/sessions"}}) {
                const auto a = ask(method, target, t.fields + beside, method == "POST" ? ann_signs_in : "");
                EXPECT_EQ(a.status, 401) << t.what << ": " << method << " " << target << a.body;
                EXPECT_EQ(a.field("WWW-Authenticate"), t.challenge) << t.what;
                EXPECT_EQ(a.field("Set-Cookie"), "") << t.what;
            }
        }
    }
    EXPECT_THAT(ask("GET", "/api/users/me", token + bearer("garbage")).status, ::testing::AnyOf(400, 401))
        << "two fields, one of them valid";
    EXPECT_EQ(ask("GET", "/api/users/me", cookie_field).status, 200) << "the cookie is still valid";
    EXPECT_EQ(ask("GET", "/api/users/me", "Authorization:  bEaReR   " + token.substr(22)).status, 200);
}

TEST_P(sessions, a_read_only_key_gets_the_missing_scope_in_the_challenge)
{
    const auto token = bearer(enroll());
    const auto key = bearer(value_of(ask("POST", "/api/api-keys", token, R"({"name":"k"})"), "key"));
    const auto refused = ask("POST", "/api/posts", key, R"({"title":"t","body":"b"})");
    EXPECT_EQ(refused.status, 403);
    EXPECT_EQ(refused.field("WWW-Authenticate"), R"(Bearer error="insufficient_scope", scope="write")");
}

TEST_P(sessions, handlers_use_only_the_credential_that_authenticated)
{
    const auto token = bearer(enroll());
    const auto key =
        bearer(value_of(ask("POST", "/api/api-keys", token, R"({"name":"k","scopes":["read","write"]})"), "key"));
    const auto [cookie_field, csrf] = cookie();
    for (const auto& by : {key, token}) {
        EXPECT_EQ(ask("GET", "/api/sessions/current", by + cookie_field).status, 404);
        EXPECT_THAT(ask("GET", "/api/sessions/current", by + cookie_field).body, Not(HasSubstr("csrf_token")));
    }
    EXPECT_THAT(ask("GET", "/api/sessions", key + cookie_field).body, Not(HasSubstr("\"current\":true")));
    const auto out = ask("POST", "/api/auth/logout", key + cookie_field);
    EXPECT_EQ(out.status, 204);
    EXPECT_EQ(out.field("Set-Cookie"), "");
    EXPECT_EQ(ask("GET", "/api/users/me", cookie_field).status, 200) << "a key has no session to end";
    EXPECT_EQ(ask("GET", "/api/users/me", token).status, 200);
    EXPECT_EQ(ask("GET", "/api/users/me", key).status, 200);

    const auto new_password = ask("PUT", "/api/auth/password", key + cookie_field,
                                  R"({"old_password":"kelp-morning-7","new_password":"harbour-lamp-3"})");
    EXPECT_EQ(new_password.status, 204) << new_password.body;
    EXPECT_EQ(ask("GET", "/api/users/me", cookie_field).status, 401) << "the session is not renewed";
    EXPECT_EQ(ask("GET", "/api/users/me", token).status, 401);
}

TEST_P(sessions, a_new_password_by_cookie_keeps_that_session_and_ends_the_others)
{
    const auto token = bearer(enroll());
    const auto [mine, csrf] = cookie();
    const auto [other, other_csrf] = cookie();
    EXPECT_EQ(ask("PUT", "/api/auth/password", mine + csrf,
                  R"({"old_password":"kelp-morning-7","new_password":"harbour-lamp-3"})")
                  .status,
              204);
    EXPECT_EQ(ask("GET", "/api/users/me", mine).status, 200);
    EXPECT_EQ(ask("GET", "/api/users/me", other).status, 401);
    EXPECT_EQ(ask("GET", "/api/users/me", token).status, 401);
}

TEST_P(sessions, signing_in_again_ends_the_previous_session_of_the_browser)
{
    enroll(bob);
    enroll();
    const auto [cookie_field, csrf] = cookie();
    const auto again = ask("POST", "/api/sessions", cookie_field, ann_signs_in);
    EXPECT_EQ(again.status, 201) << "signing in needs no CSRF token" << again.body;
    EXPECT_EQ(ask("GET", "/api/users/me", cookie_field).status, 401);
    const auto second = "Cookie: " + pair_of(again) + "\r\n";
    EXPECT_EQ(ask("POST", "/api/sessions", second, R"({"username":"ann","password":"wrong"})").status, 401);
    EXPECT_EQ(ask("GET", "/api/users/me", second).status, 200) << "a failed sign-in ends nothing";
    const auto as_bob = ask("POST", "/api/sessions", second, bob_signs_in);
    EXPECT_EQ(ask("GET", "/api/users/me", second).status, 401) << "even if another member signs in";
    EXPECT_EQ(value_of(ask("GET", "/api/users/me", "Cookie: " + pair_of(as_bob) + "\r\n"), "username"), "bob");
}

TEST_P(sessions, of_several_cookies_the_first_valid_one_is_used)
{
    enroll(bob);
    enroll();
    const auto [as_ann, csrf] = cookie();
    const auto as_bob = pair_of(ask("POST", "/api/sessions", {}, bob_signs_in));
    const auto anns = as_ann.substr(8, as_ann.size() - 10);
    const auto who = [&](const std::string& fields) {
        return value_of(ask("GET", "/api/users/me", fields), "username");
    };
    EXPECT_EQ(who("Cookie: " + anns + "; " + as_bob + "\r\n"), "ann");
    EXPECT_EQ(who("Cookie: " + as_bob + "; " + anns + "\r\n"), "bob");
    EXPECT_EQ(who("Cookie: " + as_bob + "\r\nCookie: " + anns + "\r\n"), "bob");
    EXPECT_EQ(who("Cookie: jevah.sid=garbage; " + anns + "\r\n"), "ann")
        << "a leftover cookie of another application is skipped";
    EXPECT_EQ(who("Cookie: jevah.sid=\"" + anns.substr(10) + "\"\r\n"), "ann");
    EXPECT_EQ(ask("POST", "/api/auth/logout", "Cookie: " + anns + "; " + as_bob + "\r\n" + csrf).status, 204);
    EXPECT_EQ(who("Cookie: " + anns + "; " + as_bob + "\r\n"), "bob")
        << "only the session that authenticated has ended";
}

TEST_P(sessions, the_own_profile_has_a_path)
{
    const auto token = bearer(enroll());
    const auto me = ask("GET", "/api/users/me", token);
    EXPECT_EQ(me.status, 200);
    EXPECT_EQ(me.body, ask("GET", "/api/auth/me", token).body);
    EXPECT_EQ(value_of(me, "email"), "ann@example.org");
    EXPECT_EQ(me.field("Cache-Control"), "no-store");
    EXPECT_EQ(ask("GET", "/api/users/me").status, 401);
    EXPECT_EQ(ask("GET", "/api/users/by-name/me").status, 404) << "here `me` is a username";
}

class sessions_on_redis : public sessions {};
INSTANTIATE_TEST_SUITE_P(only, sessions_on_redis, ::testing::Values("postgresql"),
                         [](const auto& p) { return p.param; });

TEST_P(sessions_on_redis, sessions_ended_by_express_are_ended_here_too)
{
    enroll(bob);
    const auto token = bearer(enroll());
    const auto id = user_id(token);
    const auto becomes_guest = [&](const std::string& cookie_field) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{3};
        while (ask("GET", "/api/users/me", cookie_field).status == 200 && std::chrono::steady_clock::now() < end) {
        }
    };
    const auto destroyed = express_session("destroyed-by-express-0123456789a", id);
    EXPECT_EQ(ask("GET", "/api/users/me", destroyed).status, 200);
    redis().command({"DEL", "session:sess:destroyed-by-express-0123456789a"});
    becomes_guest(destroyed);
    expect_guest("destroyed by Express", destroyed);

    const auto expired = cookie().first;
    EXPECT_EQ(ask("GET", "/api/users/me", expired).status, 200);
    const auto key = "session:sess:" + id_of(expired);
    redis().command({"PEXPIRE", key, "1"});
    while (redis().command({"EXISTS", key}) == "1") {
    }  // a request before that would extend the session
    becomes_guest(expired);
    expect_guest("expired", expired);

    expect_guest("without a user", express_session("a-session-of-nobody-0123456789ab", "null"));
    expect_guest("of a user that does not exist", express_session("a-session-of-a-stranger-01234567", "99999999"));
    redis().command({"SET", "session:sess:not-json-0123456789abcdefghijklmn", "not json"});
    expect_guest("no JSON", cookie_of("not-json-0123456789abcdefghijklmn"));

    const auto as_text = express_session("whose-user-is-a-text-0123456789a", "\"" + id + "\"");
    EXPECT_EQ(ask("GET", "/api/users/me", as_text).status, 200);
    EXPECT_EQ(
        ask("PUT", "/api/auth/password", token, R"({"old_password":"kelp-morning-7","new_password":"harbour-lamp-3"})")
            .status,
        204);
    expect_guest("made by Express before the new password", as_text);
    EXPECT_EQ(ask("GET", "/api/users/me", express_session("made-after-it-0123456789abcdefgh", id)).status, 200);
}

TEST_P(sessions_on_redis, a_session_of_express_may_sign_in_but_change_nothing_else)
{
    enroll(bob);
    const auto id = user_id(bearer(enroll()));
    const auto cookie_field = express_session("live-session-of-express-01234567", id);
    EXPECT_EQ(ask("GET", "/api/users/me", cookie_field).status, 200);
    const auto refused = ask("POST", "/api/posts", cookie_field, R"({"title":"t","body":"b"})");
    EXPECT_EQ(refused.status, 403);
    EXPECT_EQ(value_of(refused, "code"), "csrf");
    EXPECT_EQ(ask("POST", "/api/auth/login", cookie_field, bob_signs_in).status, 200);
    EXPECT_EQ(ask("POST", "/api/auth/register", cookie_field, bob).status, 409);
    const auto signed_in = ask("POST", "/api/sessions", cookie_field, ann_signs_in);
    EXPECT_EQ(signed_in.status, 201) << signed_in.body;
    EXPECT_EQ(ask("GET", "/api/users/me", cookie_field).status, 401) << "the old session has ended";
    EXPECT_EQ(redis().command({"EXISTS", "session:sess:live-session-of-express-01234567"}), "0");
}

/// After a request has extended the session, the response sets the cookie again and must not be shared.
TEST_P(sessions_on_redis, a_cookie_is_extended_as_long_as_its_session_is_used)
{
    ask("POST", "/api/posts", bearer(enroll()), R"({"title":"t","body":"b"})");
    const auto [cookie_field, csrf] = cookie();
    const auto key = "session:sess:" + id_of(cookie_field);
    const auto etag = ask("GET", "/api/posts", cookie_field).field("ETag");
    const struct {
        const char* what;
        std::string method;
        std::string target;
        std::string fields;
        int status;
        const char* cache_control;
    } table[] = {
        {"cached", "GET", "/api/posts", "", 200, "private, no-cache"},
        {"cached, compressed", "GET", "/api/posts", "Accept-Encoding: gzip\r\n", 200, "private, no-cache"},
        {"cached, not modified", "GET", "/api/posts", "If-None-Match: " + etag + "\r\n", 304, "private, no-cache"},
        {"cached, HEAD", "HEAD", "/api/posts", "", 200, "private, no-cache"},
        {"prepared", "GET", "/api/health", "", 200, "no-store"},
        {"not cached, public", "GET", "/.well-known/jwks.json", "", 200, "private, no-cache"},
        {"not cached, with an ETag", "GET", "/api/openapi.json", "", 200, "private, no-cache"},
        {"own profile", "GET", "/api/users/me", "", 200, "no-store"},
        {"a write", "PUT", "/api/users/me", csrf, 200, "no-store"},
        {"a refusal", "GET", "/metrics", "", 403, "no-store"},
        {"a refusal because the CSRF token is missing", "DELETE", "/api/sessions", "", 403, "no-store"},
    };
    for (const auto& t : table) {
        redis().command({"EXPIRE", key, "1000"});
        answer a{"HTTP/1.1 000"};
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{5};
        while (a.field("Set-Cookie").empty() && std::chrono::steady_clock::now() < end)
            a = ask(t.method, t.target, cookie_field + t.fields, t.method == "PUT" ? "{}" : "");
        EXPECT_EQ(a.status, t.status) << t.what;
        EXPECT_EQ(a.field("Set-Cookie"),
                  cookie_field.substr(8, cookie_field.size() - 10) + "; Path=/; Max-Age=86400; HttpOnly; SameSite=Lax")
            << t.what;
        EXPECT_EQ(a.field("Cache-Control"), t.cache_control) << t.what;
        EXPECT_GT(std::stoll(redis().command({"TTL", key})), 86000) << t.what;
    }
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{5};
    while (!ask("GET", "/api/posts", cookie_field).field("Set-Cookie").empty() &&
           std::chrono::steady_clock::now() < end) {
    }
    for (int i = 0; i < 20; ++i) EXPECT_EQ(ask("GET", "/api/posts", cookie_field).field("Set-Cookie"), "");
    EXPECT_EQ(ask("GET", "/api/posts").field("Set-Cookie"), "") << "the cookie is not stored with the response";
}

TEST_P(sessions_on_redis, signing_out_removes_the_cookie_even_when_the_session_was_just_extended)
{
    enroll();
    const auto [cookie_field, csrf] = cookie();
    redis().command({"EXPIRE", "session:sess:" + id_of(cookie_field), "1000"});
    const auto out = ask("POST", "/api/auth/logout", cookie_field + csrf);
    EXPECT_EQ(out.status, 204);
    EXPECT_EQ(out.field("Set-Cookie"), "jevah.sid=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
    EXPECT_EQ(out.head.find("Set-Cookie"), out.head.rfind("Set-Cookie"));
}

TEST(session_secrets, a_cookie_of_the_old_secret_is_valid_until_the_secret_is_dropped_and_is_signed_again)
{
    redis_server::shared().command({"FLUSHALL"});
    const community data{"sqlite"};
    const std::string old_secret = "the old secret of 32 characters or more";
    const std::string url = "REDIS_URL=" + redis_server::shared().url();
    std::string old_cookie;
    {
        const agora_process before{data, {url, "SESSION_SECRET=" + old_secret}, false};
        call(before.port(), "POST", "/api/auth/register", {}, ann);
        old_cookie = "Cookie: " + pair_of(call(before.port(), "POST", "/api/sessions", {}, ann_signs_in)) + "\r\n";
    }
    std::string new_cookie;
    {
        const agora_process both{data, {url, "SESSION_SECRET=" + secret + "," + old_secret}, false};
        redis_server::shared().command({"EXPIRE", "session:sess:" + id_of(old_cookie), "1000"});
        const auto me = call(both.port(), "GET", "/api/users/me", old_cookie);
        EXPECT_EQ(me.status, 200);
        new_cookie = "Cookie: " + pair_of(me) + "\r\n";
        EXPECT_EQ(new_cookie, cookie_of(id_of(old_cookie)));
    }
    const agora_process after{data, {url, "SESSION_SECRET=" + secret}, false};
    EXPECT_EQ(call(after.port(), "GET", "/api/users/me", old_cookie).status, 401);
    EXPECT_EQ(call(after.port(), "GET", "/api/users/me", new_cookie).status, 200);
}

}  // namespace
}  // namespace agora::e2e
