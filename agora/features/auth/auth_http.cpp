// SPDX-License-Identifier: MIT
// The routes of /api/auth and /api/sessions; mount_auth() at the end lists them. A sign-in by token is a row in the
// database, a sign-in by cookie is a session in Redis; sign_ins_of() lists both.
#include <sodium/crypto_hash_sha256.h>
#include <agora/api/answer.hpp>
#include <agora/features/auth/auth_http.hpp>
#include <agora/features/auth/problem_codes.hpp>
#include <agora/http/problem_codes.hpp>
#include <larder/utf8.hpp>

namespace agora::auth {

using namespace std::chrono_literals;

namespace {

// Fields of a session that describe its sign-in, besides its owner.
constexpr std::string_view address_field = "signedInFrom";
constexpr std::string_view agent_field = "userAgent";
constexpr std::size_t longest_agent = 200;

/// The id by which lists name a session: a hash, because the session's own id is as good as a password.
std::string public_id(std::string_view session_id)
{
    std::string hash(crypto_hash_sha256_BYTES, '\0');
    crypto_hash_sha256(reinterpret_cast<unsigned char*>(hash.data()),
                       reinterpret_cast<const unsigned char*>(session_id.data()), session_id.size());
    return to_base64url(hash.substr(0, 16));
}

failure no_redis() { return {problems::unavailable, "sessions cannot be looked up at the moment; try again"}; }

larder::timestamp time_in(const larder::session& s)
{
    return s.get<larder::timestamp>(since_field).value_or(larder::timestamp{});
}

}  // namespace

auth_limits::auth_limits(larder::limiter& l)
    : tries{l.limit({.name = "tries", .quota = 25, .window = 1h})},
      account_tries{l.limit({.name = "account_tries", .quota = 200, .window = 1h})},
      sign_ins{l.limit({.name = "sign_ins", .quota = 25, .window = 5min})},
      sign_ups{l.limit({.name = "sign_ups", .quota = 10, .window = 1h})},
      refreshes{l.limit({.name = "refreshes", .quota = 100, .window = 5min})},
      mails{l.limit({.name = "mails", .quota = 5, .window = 30min})},
      confirmations{l.limit({.name = "confirmations", .quota = 20, .window = 30min})},
      recovery_attempts{l.limit({.name = "recoveries", .quota = 20, .window = 30min})}
{}

origin auth_api::origin_of(const http::request& r) const
{
    return origin{std::string{r.client}, larder::repaired_utf8(r.header("user-agent"), longest_agent),
                  std::string{r.request_id}};
}

asio::awaitable<http::response> auth_api::enroll(const http::request& r, const http::body<registration>& b)
{
    if (mode_ == registration_mode::closed)
        co_return http::problem(r, problems::registration_closed, "registration is closed in this community");
    const auto id = co_await auth_.enroll(*b, "user");
    if (!id) co_return http::problem(r, id.error());
    auto from = origin_of(r);
    co_await auth_.trust_network(*id, from);
    co_await auth_.record("registered", *id, from);
    const auto made = co_await auth_.accounts().find(*id);
    if (!made) co_return http::problem(r, failure::not_found("this account"));
    const auto t = co_await auth_.start(*made, std::move(from));
    if (!t) co_return http::problem(r, t.error());
    co_return api::created("/api/users/" + std::to_string(*id), *t);
}

asio::awaitable<http::response> auth_api::sign_in(const http::request& r, const http::body<credentials>& b)
{
    const auto t = co_await auth_.sign_in_with(*b, origin_of(r));
    if (!t) co_return http::problem(r, t.error());
    co_return api::json_answer(200, *t);
}

asio::awaitable<http::response> auth_api::refresh(const http::request& r, const http::body<refresh_request>& b)
{
    const auto t = co_await auth_.refresh(b->refresh_token, origin_of(r));
    if (!t) co_return http::problem(r, t.error());
    co_return api::json_answer(200, *t);
}

asio::awaitable<http::response> auth_api::sign_out(const http::request& r)
{
    http::response gone;
    const auto family = sign_in_of(r);
    auto session = session_of(r);
    // API keys, the operator's token and tokens of other issuers have no sign-in to end.
    if (family.empty() && !session) co_return gone;
    if (session) {
        auto removed = co_await authenticator_.removed_cookie(r);
        const auto done = co_await sessions_.destroy(*std::move(session));
        if (!done) co_return http::problem(r, no_redis());
        gone.headers.emplace_back("Set-Cookie", *std::move(removed));
    } else {
        co_await auth_.accounts().end(family, r.who.user_id, auth_.clock().wall());
    }
    co_await auth_.record("signed_out", r.who.user_id, origin_of(r));
    co_return gone;
}

asio::awaitable<http::response> auth_api::me(const http::request& r)
{
    const auto user = co_await users::find(users_, r.who.user_id);
    if (!user) co_return http::problem(r, user.error());
    const auto found = co_await auth_.accounts().find(r.who.user_id);
    own_account own;
    static_cast<users::user&>(own) = *user;
    if (found) own.email = found->email;
    own.email_verified = found && found->verified;
    co_return api::json_answer(200, own);
}

asio::awaitable<http::response> auth_api::change_password(const http::request& r, const http::body<password_change>& b)
{
    auto from = origin_of(r);
    const auto done =
        co_await auth_.change_password(r.who.user_id, b->old_password, b->new_password, sign_in_of(r), std::move(from));
    if (!done) co_return http::problem(r, done.error());
    // The new password has invalidated all older sessions. The session of this request is renewed, the others are
    // deleted.
    const auto here = session_of(r);
    if (here) {
        const auto found = co_await sessions_.find(*here);
        if (!found) co_return http::problem(r, no_redis());
        if (*found) {
            auto renewed = **found;
            renewed.set(since_field, auth_.clock().wall());
            const auto saved = co_await sessions_.save(std::move(renewed));
            if (saved == larder::saving::unavailable) co_return http::problem(r, no_redis());
        }
    }
    co_await sessions_.destroy_all(std::to_string(r.who.user_id), here.value_or(""));
    co_return http::response{};
}

http::response auth_api::keys()
{
    auto answer = api::json_answer(200, public_keys(auth_.keys()));
    answer.cache_control = "public, max-age=300";
    return answer;
}

/// The session that replaces the sessions of the browser. What another application has stored for a guest is kept; a
/// session that belongs to a member ends, whoever that member is.
asio::awaitable<outcome<larder::session>> auth_api::successor_of(std::vector<std::string> old)
{
    auto next = sessions_.make();
    bool replaces_one = false;
    for (const auto& id : old) {
        const auto found = co_await sessions_.find(id);
        if (!found) co_return no_redis();
        if (*found == nullptr) continue;
        const bool owned = (*found)->data().contains(owner_field);
        if (!replaces_one) {
            // regenerate() deletes the session of this id in the same step.
            auto data = owned ? next.data() : with_own_cookie((*found)->data(), sessions_.options());
            next = larder::session{id, std::move(data)};
            replaces_one = true;
        } else if (owned) {
            const auto ended = co_await sessions_.destroy(id);
            if (!ended) co_return no_redis();
        }
    }
    co_return next;
}

asio::awaitable<http::response> auth_api::start_session(const http::request& r, const http::body<credentials>& b)
{
    auto from = origin_of(r);
    // A session is valid if it began after the last change of the password. It begins before the check here, so that a
    // password change during the check ends it.
    const auto began = auth_.clock().wall();
    const auto who = co_await auth_.check(*b, from);
    if (!who) co_return http::problem(r, who.error());
    auto old = authenticator_.sessions_in(r);
    auto successor = co_await successor_of(std::move(old));
    if (!successor) co_return http::problem(r, successor.error());
    auto s = *std::move(successor);
    const auto now = std::max(began, who->password_changed_at);  // the clocks of nodes differ
    started_session started;
    started.user_id = who->user_id;
    started.csrf_token = random_id();
    started.expires_at = auth_.clock().wall() + sessions_.options().ttl;
    s.set(owner_field, who->user_id);
    s.set(csrf_field, started.csrf_token);
    s.set(since_field, now);
    s.set(address_field, from.address);
    s.set(agent_field, from.agent);
    const auto fresh = co_await sessions_.regenerate(std::move(s));
    if (!fresh) co_return http::problem(r, no_redis());
    co_await auth_.record("signed_in", who->user_id, std::move(from));
    auto answer = api::created("/api/sessions/current", started);
    answer.headers.emplace_back("Set-Cookie", authenticator_.cookie_for(*fresh));
    co_return answer;
}

asio::awaitable<outcome<std::vector<shown_sign_in>>> auth_api::sign_ins_of(const http::request& r)
{
    std::vector<shown_sign_in> out;
    const auto here = sign_in_of(r);
    const auto tokens = co_await auth_.accounts().sign_ins_of(r.who.user_id, auth_.clock().wall());
    for (const auto& s : tokens)
        out.push_back({s.id, "token", s.address, s.agent, s.created_at, s.expires_at, s.id == here});
    const auto session = session_of(r);
    const auto all = co_await sessions_.of_user(std::to_string(r.who.user_id));
    if (!all) co_return no_redis();
    for (const auto& s : *all) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(s.ends() - auth_.clock().steady());
        out.push_back({public_id(s.id()), "cookie", s.get<std::string>(address_field).value_or(""),
                       s.get<std::string>(agent_field).value_or(""), time_in(s), auth_.clock().wall() + left,
                       session && *session == s.id()});
    }
    co_return out;
}

asio::awaitable<http::response> auth_api::all(const http::request& r)
{
    auto found = co_await sign_ins_of(r);
    if (!found) co_return http::problem(r, found.error());
    sign_in_list list;
    list.data = *std::move(found);
    co_return api::json_answer(200, list);
}

asio::awaitable<http::response> auth_api::current(const http::request& r)
{
    const auto id = session_of(r);
    if (!id)
        co_return http::problem(r, problems::not_found,
                                "this request has no session, because it was authenticated by a token");
    const auto found = co_await sessions_.find(*id);
    if (!found) co_return http::problem(r, no_redis());
    if (*found == nullptr) co_return http::problem(r, problems::not_found, "this session has ended");
    started_session s;
    s.user_id = r.who.user_id;
    s.csrf_token = (*found)->get<std::string>(csrf_field).value_or("");
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>((*found)->ends() - auth_.clock().steady());
    s.expires_at = auth_.clock().wall() + left;
    co_return api::json_answer(200, s);
}

asio::awaitable<http::response> auth_api::end_one(const http::request& r, const http::path<std::string>& id)
{
    const bool token = co_await auth_.accounts().end(*id, r.who.user_id, auth_.clock().wall());
    http::response gone;
    bool ended = token;
    if (!token) {
        const auto all = co_await sessions_.of_user(std::to_string(r.who.user_id));
        if (!all) co_return http::problem(r, no_redis());
        for (const auto& s : *all) {
            if (public_id(s.id()) != *id) continue;
            if (s.id() == session_of(r)) {
                auto removed = co_await authenticator_.removed_cookie(r);
                gone.headers.emplace_back("Set-Cookie", *std::move(removed));
            }
            const auto done = co_await sessions_.destroy(s.id());
            if (!done) co_return http::problem(r, no_redis());
            ended = true;
        }
    }
    if (!ended) co_return http::problem(r, failure::not_found("this sign-in"));
    co_await auth_.record("sign_in_ended", r.who.user_id, origin_of(r));
    co_return gone;
}

asio::awaitable<http::response> auth_api::end_all(const http::request& r)
{
    ended_sign_ins report;
    const auto here = sign_in_of(r);
    const auto now = auth_.clock().wall();
    const auto tokens = co_await auth_.accounts().sign_ins_of(r.who.user_id, now);
    for (const auto& s : tokens) {
        if (s.id == here) continue;
        const bool ended = co_await auth_.accounts().end(s.id, r.who.user_id, now);
        report.ended += ended ? 1 : 0;
    }
    const auto session = session_of(r);
    const auto ended = co_await sessions_.destroy_all(std::to_string(r.who.user_id), session.value_or(""));
    if (!ended) co_return http::problem(r, no_redis());
    report.ended += *ended;
    co_await auth_.record("sign_ins_ended", r.who.user_id, origin_of(r));
    co_return api::json_answer(200, report);
}

void mount_auth(http::router& routes, auth_api& api, const auth_limits& limits)
{
    using http::limited_by;
    using http::role;
    const auto documented = [](http::route& route, const char* summary) -> http::route& {
        return route.summary(summary).tagged("accounts");
    };
    const auto signed_in = [&](http::route& route, const char* summary) -> http::route& {
        return documented(route, summary).needs(role::user).returns(401);
    };
    documented(routes.post("/api/auth/register", &auth_api::enroll, api), "Register an account; also signs in")
        .body_limit(16 * 1024)
        .without_cookies()
        .shown_once()
        .limit(limits.sign_ups, limited_by::address)
        .returns<tokens>(201)
        .returns(403)
        .returns(409)
        .returns(422);
    documented(routes.post("/api/auth/login", &auth_api::sign_in, api),
               "Sign in with a username or e-mail address and a password")
        .body_limit(16 * 1024)
        .without_cookies()
        .shown_once()
        .limit(limits.sign_ins, limited_by::address)
        .returns<tokens>(200)
        .returns(401);
    documented(routes.post("/api/auth/refresh", &auth_api::refresh, api),
               "Exchange a refresh token, which can be used once, for new tokens")
        .body_limit(16 * 1024)
        .without_cookies()
        .shown_once()
        .limit(limits.refreshes, limited_by::address)
        .returns<tokens>(200)
        .returns(401);
    signed_in(routes.post("/api/auth/logout", &auth_api::sign_out, api), "End the sign-in of this request")
        .returns(204);
    signed_in(routes.get("/api/auth/me", &auth_api::me, api), "Your own account").returns<own_account>(200);
    signed_in(routes.get("/api/users/me", &auth_api::me, api), "Your own profile, with the e-mail address")
        .returns<own_account>(200);
    signed_in(routes.put("/api/auth/password", &auth_api::change_password, api),
              "Change the password; ends all other sign-ins")
        .body_limit(16 * 1024)
        .returns(204)
        .returns(422);
    documented(routes.get("/.well-known/jwks.json", &auth_api::keys, api),
               "The public keys of access tokens (JWK Set); empty if they are signed with a shared secret")
        .returns<jwk_set>(200);
    documented(routes.post("/api/sessions", &auth_api::start_session, api),
               "Sign in with a session cookie, for browsers")
        .body_limit(16 * 1024)
        .without_cookies()
        .shown_once()
        .limit(limits.sign_ins, limited_by::address)
        .returns<started_session>(201)
        .returns(401);
    signed_in(routes.get("/api/sessions", &auth_api::all, api), "Your sign-ins").returns<sign_in_list>(200);
    signed_in(routes.get("/api/sessions/current", &auth_api::current, api), "The session of this request")
        .returns<started_session>(200)
        .returns(404);
    signed_in(routes.del("/api/sessions/{id}", &auth_api::end_one, api), "End one of your sign-ins")
        .returns(204)
        .returns(404);
    signed_in(routes.del("/api/sessions", &auth_api::end_all, api), "End all of your other sign-ins")
        .returns<ended_sign_ins>(200);
}

}  // namespace agora::auth
