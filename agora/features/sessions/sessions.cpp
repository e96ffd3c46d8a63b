// SPDX-License-Identifier: MIT
// The routes of sessions.hpp. The constructor lists them; the handlers follow in the life of a sign-in: begin() and
// what it replaces, list() and current(), change_password(), and the three ways to end one.
#include <agora/credentials/problem_codes.hpp>
#include <agora/credentials/secrets.hpp>
#include <agora/features/sessions/sessions.hpp>
#include <agora/http/problem_codes.hpp>
#include <agora/services/services.hpp>

namespace agora::sessions {

using authentication::session_of;
using authentication::sign_in_of;
using authentication::with_own_cookie;

namespace {

// Fields of a session that describe its sign-in, besides its owner.
constexpr std::string_view address_field = "signedInFrom";
constexpr std::string_view agent_field = "userAgent";

/// The id by which lists name a session: a hash, because the session's own id is as good as a password.
std::string public_id(std::string_view session_id)
{
    return credentials::to_base64url(credentials::sha256(session_id).substr(0, 16));
}

failure no_redis() { return {problems::unavailable, "sessions cannot be looked up at the moment; try again"}; }

larder::timestamp time_in(const larder::session& s)
{
    return s.get<larder::timestamp>(authentication::since_field).value_or(larder::timestamp{});
}

}  // namespace

slice::slice(services& s, sign_ins::slice& sign_ins, accounts::slice& accounts, security_events::slice& events,
             authentication::request_authenticator& authenticator)
    : sign_ins_{sign_ins.store()},
      accounts_{accounts},
      events_{events},
      authenticator_{authenticator},
      sessions_{s.sessions},
      clock_{s.clock},
      pages_{make_pages(s, *this, sign_ins, accounts, authenticator)}
{
    s.routes.section("accounts");
    s.routes.post("/api/sessions", &slice::start, *this)
        .body_limit(16 * 1024)
        .without_cookies()
        .shown_once()
        .limit(sign_ins.attempts_per_address(), http::limited_by::address)
        .returns<started_session>(201)
        .named("start_session", "Sign in with a session cookie")
        .describe(
            "For browsers: sets the session cookie. The `csrf_token` of the response goes into `X-CSRF-Token` of every "
            "request that changes something.")
        .fails(problems::wrong_credentials, problems::too_many_tries, problems::too_many_sign_ins);
    s.routes.get("/api/sessions", &slice::list, *this)
        .named("list_sign_ins", "The own sign-ins")
        .describe("All active sign-ins, by token and by cookie.");
    s.routes.get("/api/sessions/current", &slice::current, *this)
        .named("get_session", "The session of this request")
        .describe("Has the `csrf_token` again. 404 when the request was authenticated by a token.")
        .fails(problems::not_found);
    s.routes.del("/api/sessions/{id}", &slice::end_one, *this)
        .returns(204)
        .named("end_sign_in", "End a sign-in")
        .describe("Ends one of the own sign-ins, on whichever device.")
        .path_params("The id of the sign-in, as the list has it.")
        .fails(problems::not_found);
    s.routes.del("/api/sessions", &slice::end_others, *this)
        .named("end_other_sign_ins", "End all other sign-ins")
        .describe("Only the sign-in of this request stays.");
    s.routes.post("/api/auth/logout", &slice::sign_out, *this)
        .returns(204)
        .named("sign_out", "Sign out")
        .describe("Ends the sign-in of this request. API keys stay valid.");
    s.routes.put("/api/auth/password", &slice::change_password, *this)
        .body_limit(16 * 1024)
        .named("change_password", "Change the password")
        .describe("Ends all other sign-ins.")
        .fails(problems::no_account, problems::password_changed, problems::too_many_tries, problems::too_many_sign_ins);
}

/// The session that replaces the sessions of the browser. What another application has stored for a guest is kept; a
/// session that belongs to a member ends, whoever that member is.
asio::awaitable<outcome<larder::session>> slice::successor_of(std::vector<std::string> old)
{
    auto next = sessions_.make();
    bool replaces_one = false;
    for (const auto& id : old) {
        const auto found = co_await sessions_.find(id);
        if (!found) co_return no_redis();
        if (*found == nullptr) continue;
        const bool owned = (*found)->data().contains(larder::session::owner_field);
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

asio::awaitable<outcome<begun_session>> slice::sign_in(const http::request& r, const accounts::sign_in_request& c,
                                                       const http::client_info& from)
{
    // A session is valid if it began after the last change of the password. It begins before the check here, so that a
    // password change during the check ends it.
    const auto began = clock_.wall();
    const auto who = co_await accounts_.check(c, from);
    if (!who) co_return who.error();
    co_return co_await begin(r, *who, began, from);
}

asio::awaitable<outcome<begun_session>> slice::begin(const http::request& r, const accounts::account& who,
                                                     larder::timestamp began, const http::client_info& from)
{
    auto old = authenticator_.sessions_in(r);
    auto successor = co_await successor_of(std::move(old));
    if (!successor) co_return successor.error();
    auto s = *std::move(successor);
    const auto now = std::max(began, who.password_changed_at);  // the clocks of nodes differ
    begun_session begun;
    begun.facts.user_id = who.user_id;
    begun.facts.csrf_token = credentials::random_id();
    begun.facts.expires_at = clock_.wall() + sessions_.options().ttl;
    s.set(larder::session::owner_field, who.user_id);
    s.set(authentication::csrf_field, begun.facts.csrf_token);
    s.set(authentication::since_field, now);
    s.set(address_field, from.address);
    s.set(agent_field, from.user_agent);
    const auto fresh = co_await sessions_.regenerate(std::move(s));
    if (!fresh) co_return no_redis();
    co_await events_.record(security_events::event::of_own_account("signed_in", who.user_id, from));
    begun.cookie = authenticator_.cookie_for(*fresh);
    begun.mark = authentication::set_mark(*fresh);
    co_return begun;
}

asio::awaitable<http::response> slice::start(http::anyone, const http::request& r,
                                             const http::body<accounts::sign_in_request>& b,
                                             const http::client_info& from)
{
    const auto begun = co_await sign_in(r, *b, from);
    if (!begun) co_return http::problem(r, begun.error());
    http::response answer{201, http::json_type, larder::json::to_string(begun->facts)};
    answer.headers.emplace_back("Location", "/api/sessions/current");
    answer.headers.emplace_back("Set-Cookie", begun->cookie);
    co_return answer;
}

asio::awaitable<outcome<sign_in_list>> slice::list(http::member who, const http::request& r)
{
    sign_in_list out;
    const auto here = sign_in_of(r);
    const auto tokens = co_await sign_ins_.of_user(who.id, clock_.wall());
    for (const auto& s : tokens)
        out.data.push_back({s.id, "token", s.address, s.agent, s.created_at, s.expires_at, s.id == here});
    const auto session = session_of(r);
    const auto all = co_await sessions_.of_user(std::to_string(who.id));
    if (!all) co_return no_redis();
    for (const auto& s : *all) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(s.expires_at() - clock_.steady());
        out.data.push_back({public_id(s.id()), "cookie", s.get<std::string>(address_field).value_or(""),
                            s.get<std::string>(agent_field).value_or(""), time_in(s), clock_.wall() + left,
                            session && *session == s.id()});
    }
    co_return out;
}

asio::awaitable<outcome<started_session>> slice::current(http::member who, const http::request& r)
{
    const auto id = session_of(r);
    if (!id)
        co_return failure{problems::not_found, "this request has no session, because it was authenticated by a token"};
    const auto found = co_await sessions_.find(*id);
    if (!found) co_return no_redis();
    if (*found == nullptr) co_return failure{problems::not_found, "this session has ended"};
    started_session s;
    s.user_id = who.id;
    s.csrf_token = (*found)->get<std::string>(authentication::csrf_field).value_or("");
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>((*found)->expires_at() - clock_.steady());
    s.expires_at = clock_.wall() + left;
    co_return s;
}

asio::awaitable<outcome<void>> slice::change_password(http::member who, const http::request& r,
                                                      const http::body<password_change>& b,
                                                      const http::client_info& from)
{
    auto done = co_await accounts_.change_password(who.id, b->old_password, b->new_password, sign_in_of(r), from);
    if (!done) co_return done;
    // The new password has invalidated all older sessions. The session of this request is renewed, the others are
    // deleted.
    const auto here = session_of(r);
    if (here) {
        const auto found = co_await sessions_.find(*here);
        if (!found) co_return no_redis();
        if (*found) {
            auto renewed = **found;
            renewed.set(authentication::since_field, clock_.wall());
            const auto saved = co_await sessions_.save(std::move(renewed));
            if (saved == larder::save_result::unavailable) co_return no_redis();
        }
    }
    co_await sessions_.destroy_all(std::to_string(who.id), here.value_or(""));
    co_return done;
}

asio::awaitable<http::response> slice::sign_out(http::member who, const http::request& r, const http::client_info& from)
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
        co_await sign_ins_.end(family, who.id, clock_.wall());
    }
    co_await events_.record(security_events::event::of_own_account("signed_out", who.id, from));
    co_return gone;
}

asio::awaitable<http::response> slice::end_one(http::member who, const http::request& r,
                                               const http::path<std::string>& id, const http::client_info& from)
{
    http::response gone;
    bool ended = co_await sign_ins_.end(*id, who.id, clock_.wall());
    if (!ended) {
        const auto all = co_await sessions_.of_user(std::to_string(who.id));
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
    co_await events_.record(security_events::event::of_own_account("sign_in_ended", who.id, from));
    co_return gone;
}

asio::awaitable<outcome<ended_sign_ins>> slice::end_others(http::member who, const http::request& r,
                                                           const http::client_info& from)
{
    ended_sign_ins report;
    const auto here = sign_in_of(r);
    const auto now = clock_.wall();
    const auto tokens = co_await sign_ins_.of_user(who.id, now);
    for (const auto& s : tokens) {
        if (s.id == here) continue;
        const bool ended = co_await sign_ins_.end(s.id, who.id, now);
        report.ended += ended ? 1 : 0;
    }
    const auto session = session_of(r);
    const auto ended = co_await sessions_.destroy_all(std::to_string(who.id), session.value_or(""));
    if (!ended) co_return no_redis();
    report.ended += *ended;
    co_await events_.record(security_events::event::of_own_account("sign_ins_ended", who.id, from));
    co_return report;
}

}  // namespace agora::sessions
