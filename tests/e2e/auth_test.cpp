// SPDX-License-Identifier: MIT
// Accounts as clients see them: on SQLite and memory, and on PostgreSQL and Redis.
#include <fstream>
#include <thread>

#include "tests/e2e/accounts.hpp"

namespace agora::e2e {
namespace {

class auth : public accounts_on {};
ACCOUNTS_SUITE(auth);

TEST_P(auth, register_sign_in_refresh_and_sign_out)
{
    const auto made = ask("POST", "/api/auth/register", {}, ann);
    EXPECT_EQ(made.status, 201) << made.body;
    EXPECT_THAT(made.field("Location"), HasSubstr("/api/users/"));
    EXPECT_EQ(made.field("Cache-Control"), "no-store");
    const auto me = ask("GET", "/api/auth/me", bearer(value_of(made, "access_token")));
    EXPECT_EQ(value_of(me, "username"), "ann");
    EXPECT_EQ(value_of(me, "display_name"), "Ann");
    EXPECT_EQ(value_of(me, "email"), "ann@example.org");
    EXPECT_EQ(value_of(me, "role"), "user");
    EXPECT_THAT(ask("GET", made.field("Location")).body, Not(HasSubstr("example.org")))
        << "other users do not see the e-mail address";

    const auto signed_in =
        ask("POST", "/api/auth/login", {}, R"({"username":"ANN@example.org","password":"kelp-morning-7"})");
    EXPECT_EQ(signed_in.status, 200);
    const auto refreshed =
        ask("POST", "/api/auth/refresh", {}, R"({"refresh_token":")" + value_of(signed_in, "refresh_token") + "\"}");
    EXPECT_EQ(refreshed.status, 200) << refreshed.body;
    const auto token = bearer(value_of(refreshed, "access_token"));
    EXPECT_EQ(ask("GET", "/api/auth/me", token).status, 200);
    EXPECT_EQ(ask("POST", "/api/auth/logout", token).status, 204);
    const auto after = ask("GET", "/api/auth/me", token);
    EXPECT_EQ(after.status, 401) << "the access token ends with its sign-in";
    EXPECT_EQ(value_of(after, "code"), "signed_out");
    EXPECT_EQ(
        ask("POST", "/api/auth/refresh", {}, R"({"refresh_token":")" + value_of(refreshed, "refresh_token") + "\"}")
            .status,
        401);
    EXPECT_EQ(ask("GET", "/api/auth/me", bearer(value_of(made, "access_token"))).status, 200)
        << "other sign-ins stay valid";
}

TEST_P(auth, failures_name_the_field_and_reveal_nothing_else)
{
    enroll();
    const auto bad = ask("POST", "/api/auth/register", {}, R"({"username":"b","email":"x","password":"12345678"})");
    EXPECT_EQ(bad.status, 422);
    for (const auto* field : {"username", "email", "password"})
        EXPECT_THAT(bad.body, HasSubstr("\"field\":\"" + std::string{field} + "\""));
    EXPECT_THAT(bad.body, Not(HasSubstr("12345678")));
    EXPECT_EQ(ask("POST", "/api/auth/register", {}, ann).status, 409);
    EXPECT_EQ(ask("POST", "/api/auth/register", {},
                  R"({"username":"eve","email":"e@example.org","password":"kelp-morning-7","role":"admin"})")
                  .status,
              422)
        << "mass assignment";
    const auto unknown = ask("POST", "/api/auth/login", {}, R"({"username":"nobody","password":"kelp-morning-7"})");
    const auto wrong = ask("POST", "/api/auth/login", {}, R"({"username":"ann","password":"kelp-morning-8"})");
    EXPECT_EQ(unknown.status, 401);
    EXPECT_EQ(wrong.status, 401);
    EXPECT_EQ(value_of(unknown, "detail"), value_of(wrong, "detail"));
    EXPECT_EQ(value_of(unknown, "code"), value_of(wrong, "code"));
    EXPECT_EQ(ask("POST", "/api/auth/login", {}, R"({"username":["ann"],"password":true})").status, 422);
    EXPECT_EQ(ask("GET", "/api/auth/me?access_token=" +
                             enroll(R"({"username":"bob","email":"b@example.org","password":"kelp-morning-7"})"))
                  .status,
              401)
        << "a token in the query is not accepted";
}

TEST_P(auth, changes_by_cookie_require_the_csrf_token)
{
    enroll();
    const auto [cookie_field, csrf] = cookie();
    EXPECT_THAT(cookie_field, HasSubstr("jevah.sid=s%3A"));
    EXPECT_EQ(value_of(ask("GET", "/api/auth/me", cookie_field), "username"), "ann");
    EXPECT_THAT("X-CSRF-Token: " + value_of(ask("GET", "/api/sessions/current", cookie_field), "csrf_token") + "\r\n",
                csrf);
    const auto forged = ask("POST", "/api/auth/logout", cookie_field);
    EXPECT_EQ(forged.status, 403);
    EXPECT_EQ(value_of(forged, "code"), "csrf");
    EXPECT_EQ(ask("POST", "/api/auth/logout", cookie_field + "X-CSRF-Token: guessed-guessed-guessed\r\n").status, 403);
    EXPECT_EQ(ask("POST", "/api/auth/logout", cookie_field + csrf + "Sec-Fetch-Site: cross-site\r\n").status, 403);
    const auto out = ask("POST", "/api/auth/logout", cookie_field + csrf);
    EXPECT_EQ(out.status, 204);
    EXPECT_THAT(out.field("Set-Cookie"), HasSubstr("Max-Age=0"));
    EXPECT_EQ(ask("GET", "/api/auth/me", cookie_field).status, 401);
    EXPECT_EQ(ask("GET", "/api/posts", cookie_field).status, 200) << "with an ended cookie the client is a guest";
    EXPECT_EQ(ask("GET", "/api/auth/me", "Cookie: jevah.sid=s%3Aabc.forged\r\n").status, 401);
}

TEST_P(auth, the_cookie_has_its_attributes_and_changes_at_each_sign_in)
{
    enroll();
    const auto first = ask("POST", "/api/sessions", {}, ann_signs_in);
    EXPECT_THAT(first.field("Set-Cookie"), HasSubstr("; Path=/; Max-Age=86400; HttpOnly; SameSite=Lax"));
    const auto set = first.field("Set-Cookie");
    const auto sent = "Cookie: a=b; " + set.substr(0, set.find(';')) + "; c=d\r\n";
    EXPECT_EQ(ask("GET", "/api/auth/me", sent).status, 200);
    const auto second =
        ask("POST", "/api/sessions", sent + "X-CSRF-Token: " + value_of(first, "csrf_token") + "\r\n", ann_signs_in);
    EXPECT_EQ(second.status, 201) << second.body;
    EXPECT_NE(second.field("Set-Cookie"), set) << "the session id must change (session fixation)";
}

TEST_P(auth, own_sign_ins_can_be_listed_and_ended)
{
    const auto token = bearer(enroll());
    const auto [cookie_field, csrf] = cookie();
    const auto list = ask("GET", "/api/sessions", token + "User-Agent: tests\r\n");
    EXPECT_EQ(values_of(list.body, "id").size(), 2U) << list.body;
    EXPECT_THAT(list.body, HasSubstr("\"kind\":\"token\""));
    EXPECT_THAT(list.body, HasSubstr("\"kind\":\"cookie\""));
    EXPECT_THAT(list.body, HasSubstr("\"address\":\"127.0.0.1\""));
    const auto sid = cookie_field.substr(cookie_field.find("%3A") + 3, 32);
    EXPECT_THAT(list.body, Not(HasSubstr(sid))) << "the session id is secret";
    const auto other = enroll(R"({"username":"bob","email":"bob@example.org","password":"kelp-morning-7"})");
    const auto ids = values_of(list.body, "id");
    EXPECT_EQ(ask("DELETE", "/api/sessions/" + unquoted(ids[1]), bearer(other)).status, 404)
        << "it belongs to another user";
    EXPECT_EQ(ask("DELETE", "/api/sessions/" + unquoted(ids[1]), token).status, 204);
    EXPECT_EQ(ask("GET", "/api/auth/me", cookie_field).status, 401);
    const auto [again, its_csrf] = cookie();
    const auto ended = ask("DELETE", "/api/sessions", again + its_csrf);
    EXPECT_EQ(values_of(ended.body, "ended")[0], "1");
    EXPECT_EQ(ask("GET", "/api/auth/me", token).status, 401);
    EXPECT_EQ(ask("GET", "/api/auth/me", again).status, 200);
}

TEST_P(auth, a_new_password_ends_the_other_sign_ins)
{
    const auto token = bearer(enroll());
    const auto [cookie_field, csrf] = cookie();
    const auto wrong =
        ask("PUT", "/api/auth/password", token, R"({"old_password":"x","new_password":"harbour-lamp-3"})");
    EXPECT_EQ(wrong.status, 422);
    EXPECT_EQ(
        ask("PUT", "/api/auth/password", token, R"({"old_password":"kelp-morning-7","new_password":"harbour-lamp-3"})")
            .status,
        204);
    EXPECT_EQ(ask("GET", "/api/auth/me", token).status, 200);
    EXPECT_EQ(ask("GET", "/api/auth/me", cookie_field).status, 401);
    EXPECT_EQ(ask("POST", "/api/auth/login", {}, ann_signs_in).status, 401);
    EXPECT_EQ(ask("POST", "/api/auth/login", {}, R"({"username":"ann","password":"harbour-lamp-3"})").status, 200);
}

TEST_P(auth, members_read_the_public_pages_but_not_those_of_the_operator)
{
    const auto token = bearer(enroll());
    EXPECT_EQ(ask("GET", "/api/posts", token).status, 200);
    EXPECT_EQ(ask("GET", "/api/posts", token).field("Cache-Control"), "private, no-cache");
    EXPECT_EQ(ask("GET", "/metrics", token).status, 403);
    EXPECT_EQ(ask("GET", "/metrics", as_operator).status, 200);
    EXPECT_EQ(ask("GET", "/api/posts", bearer("forged")).status, 401);
}

TEST_P(auth, following_is_visible_at_once_to_the_follower_only)
{
    const auto john = ask("POST", "/api/auth/register", {},
                          R"({"username":"john","email":"john@example.org","password":"kelp-morning-7"})");
    const auto id = john.field("Location").substr(std::string{"/api/users/"}.size());
    const auto token = bearer(enroll());
    const auto target = "/api/users/list?search=john&skip=0&limit=20";
    EXPECT_EQ(values_of(ask("GET", target, token).body, "is_following")[0], "false");
    EXPECT_EQ(ask("GET", target, token).field("Cache-Status"), "agora; hit");
    if (on_redis()) {
        EXPECT_EQ(redis_server::shared().command(
                      {"EXISTS", "users:list:0:20:john:" + values_of(ask("GET", "/api/auth/me", token).body, "id")[0]}),
                  "1");
    }
    const auto followed = ask("PUT", "/api/users/" + id + "/follow", token);
    EXPECT_EQ(followed.body, R"({"following":true,"followers":1})");
    EXPECT_EQ(values_of(ask("GET", target, token).body, "is_following")[0], "true");
    EXPECT_EQ(values_of(ask("GET", "/api/users/" + id, token).body, "is_following")[0], "true");
    EXPECT_EQ(values_of(ask("GET", target).body, "is_following")[0], "null");
    EXPECT_EQ(values_of(ask("GET", "/api/users/" + id).body, "followers")[0], "1");
    EXPECT_EQ(values_of(ask("GET", "/api/users/" + id + "/followers").body, "username")[0], "\"ann\"");
    EXPECT_EQ(ask("DELETE", "/api/users/" + id + "/follow", token).body, R"({"following":false,"followers":0})");
    EXPECT_EQ(ask("PUT", "/api/users/" + id + "/follow").status, 401);
}

TEST_P(auth, members_change_only_their_own_posts_and_comments)
{
    const auto ann_token = bearer(enroll());
    const auto bob_token =
        bearer(enroll(R"({"username":"bob","email":"bob@example.org","password":"kelp-morning-7"})"));
    const auto post = ask("POST", "/api/posts", ann_token, R"({"title":"Mine","body":"text"})");
    ASSERT_EQ(post.status, 201) << post.body;
    const auto where = post.field("Location");
    EXPECT_EQ(values_of(ask("GET", where).body, "username")[0], "\"ann\"");
    const auto if_match = "If-Match: " + post.field("ETag") + "\r\n";
    EXPECT_EQ(ask("PATCH", where, bob_token + if_match, R"({"title":"Taken"})").status, 403);
    EXPECT_EQ(ask("PATCH", where, ann_token + if_match, R"({"title":"Still mine"})").status, 200);
    const auto comment = ask("POST", where + "/comments", bob_token, R"({"body":"a comment"})");
    ASSERT_EQ(comment.status, 201) << comment.body;
    EXPECT_EQ(values_of(ask("GET", where).body, "comments")[0], "1");
    EXPECT_EQ(ask("DELETE", comment.field("Location"), ann_token + "If-Match: *\r\n").status, 403);
    EXPECT_EQ(ask("DELETE", comment.field("Location"), as_operator + "If-Match: *\r\n").status, 204)
        << "a moderator may delete it";
    EXPECT_EQ(values_of(ask("GET", where).body, "comments")[0], "0");
    EXPECT_EQ(ask("POST", "/api/posts", {}, R"({"title":"Guest","body":"text"})").status, 401);
}

TEST_P(auth, a_repeated_post_is_carried_out_once_and_replayed)
{
    const auto token = bearer(enroll());
    const auto send = [&](const std::string& key, const std::string& body, const std::string& as) {
        return ask("POST", "/api/posts", as + "Idempotency-Key: " + key + "\r\n", body);
    };
    const std::string body = R"({"title":"Once","body":"text"})";
    const auto first = send("\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", body, token);
    EXPECT_EQ(first.status, 201) << first.body;
    EXPECT_EQ(first.field("Idempotency-Replayed"), "");
    const auto again = send("8e03978e-40d5-43dd-bc93-6894a57f9324", body, token);
    EXPECT_EQ(again.status, 201);
    EXPECT_EQ(again.body, first.body);
    EXPECT_EQ(again.field("Location"), first.field("Location"));
    EXPECT_EQ(again.field("ETag"), first.field("ETag"));
    EXPECT_EQ(again.field("Idempotency-Replayed"), "true");
    EXPECT_EQ(send("8e03978e-40d5-43dd-bc93-6894a57f9324", R"({"title":"Other","body":"text"})", token).status, 422);
    const auto refused = send("k2", R"({"title":"","body":"text"})", token);
    EXPECT_EQ(refused.status, 422);
    EXPECT_EQ(value_of(send("k2", R"({"title":"","body":"text"})", token), "code"), "invalid_fields")
        << "a refusal is stored, too";
    const auto bob = bearer(enroll(R"({"username":"bob","email":"bob@example.org","password":"kelp-morning-7"})"));
    const auto bobs = send("8e03978e-40d5-43dd-bc93-6894a57f9324", body, bob);
    EXPECT_EQ(bobs.status, 201) << "each user has their own keys";
    EXPECT_NE(bobs.field("Location"), first.field("Location"));
    EXPECT_EQ(send("\"\"", body, token).status, 400);
    EXPECT_EQ(send(std::string(256, 'x'), body, token).status, 400);

    // Of many at the same time only one is carried out.
    std::vector<std::jthread> threads;
    std::atomic<int> made = 0;
    for (int i = 0; i < 8; ++i)
        threads.emplace_back([&] {
            const auto a = send("together", R"({"title":"Together","body":"text"})", token);
            EXPECT_TRUE(a.status == 201 || (a.status == 409 && value_of(a, "code") == "still_running")) << a.body;
            made += a.status == 201 && a.field("Idempotency-Replayed").empty() ? 1 : 0;
        });
    threads.clear();
    EXPECT_EQ(made, 1);
}

TEST_P(auth, api_keys_are_shown_once_and_authenticate_programs)
{
    const auto token = bearer(enroll());
    const auto reading = ask("POST", "/api/api-keys", token + "Idempotency-Key: k\r\n", R"({"name":"a reader"})");
    EXPECT_EQ(reading.status, 201) << reading.body;
    const auto read_key = value_of(reading, "key");
    EXPECT_TRUE(read_key.starts_with("agk_"));
    const auto again = ask("POST", "/api/api-keys", token + "Idempotency-Key: k\r\n", R"({"name":"a reader"})");
    EXPECT_EQ(again.status, 409) << "a response with a secret is not stored";
    EXPECT_EQ(value_of(again, "code"), "already_done");
    const auto writing =
        ask("POST", "/api/api-keys", token, R"({"name":"a writer","scopes":["read","write"],"expires_in_days":7})");
    const auto write_key = bearer(value_of(writing, "key"));
    const auto list = ask("GET", "/api/api-keys", token);
    EXPECT_EQ(values_of(list.body, "id").size(), 2U);
    EXPECT_THAT(list.body, Not(HasSubstr("agk_")));

    EXPECT_EQ(value_of(ask("GET", "/api/auth/me", bearer(read_key)), "username"), "ann");
    const std::string post = R"({"title":"By a program","body":"text"})";
    EXPECT_EQ(ask("POST", "/api/posts", bearer(read_key), post).status, 403);
    const auto written = ask("POST", "/api/posts", write_key, post);
    EXPECT_EQ(written.status, 201);
    EXPECT_EQ(written.field("RateLimit-Policy"), R"("changes_by_key";q=60;w=60, "changes";q=300;w=300)");
    EXPECT_EQ(ask("GET", "/metrics", write_key).status, 403);
    EXPECT_EQ(ask("GET", "/api/auth/me", bearer(read_key + "x")).status, 401);

    const auto bob = bearer(enroll(R"({"username":"bob","email":"bob@example.org","password":"kelp-morning-7"})"));
    EXPECT_EQ(ask("DELETE", writing.field("Location"), bob).status, 404);
    EXPECT_EQ(ask("DELETE", writing.field("Location"), token).status, 204);
    EXPECT_EQ(ask("GET", "/api/auth/me", write_key).status, 401);
    EXPECT_EQ(ask("POST", "/api/api-keys", token, R"({"name":" ","scopes":["all"],"expires_in_days":0})").status, 422);
}

TEST_P(auth, a_key_created_by_a_key_expires_and_is_revoked_with_it)
{
    const auto token = bearer(enroll());
    const auto parent =
        ask("POST", "/api/api-keys", token, R"({"name":"p","scopes":["read","write"],"expires_in_days":7})");
    const auto child = ask("POST", "/api/api-keys", bearer(value_of(parent, "key")),
                           R"({"name":"c","scopes":["read","write"],"expires_in_days":3650})");
    EXPECT_EQ(child.status, 201) << child.body;
    EXPECT_EQ(value_of(child, "expires_at"), value_of(parent, "expires_at"));
    EXPECT_EQ(ask("GET", "/api/auth/me", bearer(value_of(child, "key"))).status, 200);
    EXPECT_EQ(ask("DELETE", parent.field("Location"), token).status, 204);
    EXPECT_EQ(ask("GET", "/api/auth/me", bearer(value_of(child, "key"))).status, 401);
}

TEST_P(auth, deceptive_names_are_rejected)
{
    const auto take = [&](const std::string& name) {
        return ask("POST", "/api/auth/register", {},
                   R"({"username":")" + name + R"(","email":"eve@example.org","password":"kelp-morning-7"})");
    };
    // As many as one address may try in an hour; users_test.cpp tests more names.
    for (const auto* name :
         {"Admin", "a.d.m.i.n", "me", "moderator", "deleted-7", "support", "\\u202eeve", "e\\u200bve"}) {
        const auto refused = take(name);
        EXPECT_EQ(refused.status, 422) << name << refused.body;
        EXPECT_THAT(refused.body, HasSubstr("\"field\":\"username\"")) << name;
    }
    const auto eve = take(" Eve\\u00a0");
    EXPECT_EQ(eve.status, 201) << eve.body;
    const auto token = bearer(value_of(eve, "access_token"));
    EXPECT_EQ(value_of(ask("GET", "/api/auth/me", token), "username"), "eve");
    EXPECT_EQ(ask("PUT", "/api/users/me", token, R"({"display_name":"E\u202eve"})").status, 422);
    EXPECT_EQ(value_of(ask("PUT", "/api/users/me", token, R"({"display_name":" E\u00a0\u00a0V "})"), "display_name"),
              "E V");
}

TEST_P(auth, admins_change_roles_and_read_security_events)
{
    const auto token = bearer(enroll());
    const auto id = values_of(ask("GET", "/api/auth/me", token).body, "id")[0];
    ask("POST", "/api/auth/login", {}, R"({"username":"ann","password":"wrong-wrong"})");
    EXPECT_EQ(ask("GET", "/metrics", token).status, 403);
    const auto promoted = ask("PUT", "/api/admin/users/" + id + "/role", as_operator, R"({"role":"admin"})");
    EXPECT_EQ(value_of(promoted, "role"), "admin") << promoted.body;
    EXPECT_EQ(ask("GET", "/metrics", token).status, 200) << "the new role applies at once, with the same token";
    EXPECT_EQ(ask("PUT", "/api/admin/users/" + id + "/role", token, R"({"role":"user"})").status, 409)
        << "nobody may change their own role";
    EXPECT_EQ(ask("PUT", "/api/admin/users/" + id + "/role", as_operator, R"({"role":"king"})").status, 422);
    EXPECT_EQ(ask("PUT", "/api/admin/users/99999/role", as_operator, R"({"role":"user"})").status, 404);
    const auto seen = ask("GET", "/api/admin/security-events?user_id=" + id, as_operator);
    EXPECT_EQ(values_of(seen.body, "event"),
              (std::vector<std::string>{"\"role_changed\"", "\"sign_in_failed\"", "\"signed_in\"", "\"registered\""}));
    EXPECT_THAT(seen.body, HasSubstr("\"address\":\"127.0.0.1\""));
    EXPECT_THAT(seen.body, Not(HasSubstr("wrong-wrong")));
}

TEST(accounts, the_demo_community_has_members_to_try_it_with)
{
    const community data{"sqlite"};
    const agora_process server{data, {}, true};
    std::ifstream file{data.folder() / "demo_accounts"};
    std::string line;
    std::getline(file, line);
    const auto password = line.substr(line.rfind(' ') + 1);
    for (const auto* name : {"demo-user", "demo-moderator", "demo-admin"}) {
        const auto a = call(server.port(), "POST", "/api/auth/login", {},
                            R"({"username":")" + std::string{name} + R"(","password":")" + password + "\"}");
        EXPECT_EQ(a.status, 200) << name << a.body;
        EXPECT_EQ(call(server.port(), "GET", "/metrics", bearer(value_of(a, "access_token"))).status,
                  name == std::string{"demo-admin"} ? 200 : 403);
    }
}

TEST(accounts, a_closed_community_accepts_no_registrations)
{
    const community data{"sqlite"};
    const agora_process server{data, {"REGISTRATION=closed"}, false};
    EXPECT_EQ(call(server.port(), "POST", "/api/auth/register", {}, ann).status, 403);
}

TEST(accounts, an_outage_of_redis_ends_no_session_and_authenticates_nobody)
{
    redis_server redis{{.arguments = {}, .appendonly = true}};
    const community data{"sqlite"};
    const agora_process server{data, {"REDIS_URL=" + redis.url()}, false};
    const auto ask = [&](const std::string& method, const std::string& target, const std::string& fields = {},
                         const std::string& body = {}) { return call(server.port(), method, target, fields, body); };
    const auto token = bearer(value_of(ask("POST", "/api/auth/register", {}, ann), "access_token"));
    const auto session = ask("POST", "/api/sessions", {}, ann_signs_in);
    const auto set = session.field("Set-Cookie");
    const auto cookie = "Cookie: " + set.substr(0, set.find(';')) + "\r\n";
    EXPECT_EQ(ask("GET", "/api/auth/me", cookie).status, 200);
    redis.crash();
    EXPECT_EQ(ask("GET", "/api/auth/me", token).status, 200) << "tokens are checked in the database";
    auto me = ask("GET", "/api/auth/me", cookie);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (me.status == 200 && std::chrono::steady_clock::now() < end) me = ask("GET", "/api/auth/me", cookie);
    EXPECT_EQ(me.status, 503) << "not 401, because the session may still exist";
    EXPECT_EQ(me.field("Set-Cookie"), "");
    EXPECT_EQ(ask("GET", "/api/posts", cookie).status, 200) << "what guests may read is still served";
    EXPECT_EQ(ask("POST", "/api/sessions", {}, ann_signs_in).status, 503);
    redis.start();
    const auto healed = std::chrono::steady_clock::now() + std::chrono::seconds{5};
    while (me.status != 200 && std::chrono::steady_clock::now() < healed) me = ask("GET", "/api/auth/me", cookie);
    EXPECT_EQ(me.status, 200);
}

TEST(accounts, two_processes_share_sign_ins)
{
    redis_server::shared().command({"FLUSHALL"});
    const community data{"sqlite"};
    const std::vector<std::string> settings{"REDIS_URL=" + redis_server::shared().url()};
    const agora_process a{data, settings, false};
    const agora_process b{data, settings, false};
    const auto token = bearer(value_of(call(a.port(), "POST", "/api/auth/register", {}, ann), "access_token"));
    const auto set = call(a.port(), "POST", "/api/sessions", {}, ann_signs_in).field("Set-Cookie");
    const auto cookie = "Cookie: " + set.substr(0, set.find(';')) + "\r\n";
    EXPECT_EQ(call(b.port(), "GET", "/api/auth/me", token).status, 200);
    EXPECT_EQ(call(b.port(), "GET", "/api/auth/me", cookie).status, 200);
    EXPECT_EQ(call(a.port(), "DELETE", "/api/sessions", token).status, 200);
    EXPECT_EQ(call(a.port(), "POST", "/api/auth/logout", token).status, 204);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{3};
    const auto gone = [&](const std::string& credentials) {
        auto status = 200;
        while (status == 200 && std::chrono::steady_clock::now() < end)
            status = call(b.port(), "GET", "/api/auth/me", credentials).status;
        return status;
    };
    EXPECT_EQ(gone(cookie), 401);
    EXPECT_EQ(gone(token), 401);
}

}  // namespace
}  // namespace agora::e2e
