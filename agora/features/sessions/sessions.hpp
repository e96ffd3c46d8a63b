// SPDX-License-Identifier: MIT
// Sessions: signing in with a cookie, for browsers, signing out, the list of all sign-ins of a member, and changing the
// password. A sign-in by token is a row in the database (slice sign_ins), a sign-in by cookie is a session in the
// session store; the list shows both. Thread-safe.
#pragma once

#include <agora/features/authentication/authentication.hpp>
#include <array>
#include <larder/json/schema.hpp>
#include <memory>

namespace agora::sessions {

namespace asio = boost::asio;

struct password_change {
    std::string old_password;
    std::string new_password;
};
BOOST_DESCRIBE_STRUCT(password_change, (), (old_password, new_password))

/// Signed in by a token, or by the session cookie.
inline constexpr std::array<std::string_view, 2> sign_in_kinds{"token", "cookie"};

inline constexpr larder::json::member_facts password_change_facts[]{
    {.name = "old_password", .meaning = "The current password.", .least = 1},
    {.name = "new_password",
     .meaning = "Must not be easy to guess.",
     .least = credentials::min_password,
     .most = credentials::max_password},
};
inline larder::json::type_facts facts_of(std::type_identity<password_change>)
{
    return {"PasswordChange", "A new password.", password_change_facts};
}

/// A sign-in as its owner sees it.
struct shown_sign_in {
    std::string id;
    std::string kind;  ///< "token" or "cookie"
    std::string address;
    std::string agent;
    larder::timestamp created_at{};
    larder::timestamp expires_at{};
    bool current = false;
};
BOOST_DESCRIBE_STRUCT(shown_sign_in, (), (id, kind, address, agent, created_at, expires_at, current))

inline constexpr larder::json::member_facts shown_sign_in_facts[]{
    {.name = "id", .meaning = "Names the sign-in, to end it."},
    {.name = "kind", .meaning = "How the client is signed in.", .words = sign_in_kinds},
    {.name = "address", .meaning = "The client's address when it signed in."},
    {.name = "agent", .meaning = "The client's User-Agent when it signed in."},
    {.name = "created_at", .meaning = "When it began."},
    {.name = "expires_at", .meaning = "When it ends unless it is used before."},
    {.name = "current", .meaning = "Whether it is the sign-in of this request."},
};
inline larder::json::type_facts facts_of(std::type_identity<shown_sign_in>)
{
    return {"SignIn", "A sign-in of a member, by token or by cookie.", shown_sign_in_facts};
}

struct sign_in_list {
    std::vector<shown_sign_in> data;
};
BOOST_DESCRIBE_STRUCT(sign_in_list, (), (data))

inline constexpr larder::json::member_facts sign_in_list_facts[]{
    {.name = "data", .meaning = "The sign-ins."},
};
inline larder::json::type_facts facts_of(std::type_identity<sign_in_list>)
{
    return {"SignInList", "The active sign-ins of a member.", sign_in_list_facts};
}

struct started_session {
    std::int64_t user_id = 0;
    std::string csrf_token;  ///< to be sent as X-CSRF-Token with every request that changes something
    larder::timestamp expires_at{};
};
BOOST_DESCRIBE_STRUCT(started_session, (), (user_id, csrf_token, expires_at))

inline constexpr larder::json::member_facts started_session_facts[]{
    {.name = "user_id", .meaning = "Who is signed in.", .least = 1},
    {.name = "csrf_token", .meaning = "Sent as X-CSRF-Token with every request that changes something."},
    {.name = "expires_at", .meaning = "When the session ends unless it is used before."},
};
inline larder::json::type_facts facts_of(std::type_identity<started_session>)
{
    return {"Session", "The session of a browser.", started_session_facts};
}

struct ended_sign_ins {
    std::uint64_t ended = 0;
};
BOOST_DESCRIBE_STRUCT(ended_sign_ins, (), (ended))

/// A session that has just begun: what the client has to know, and the cookie that it has to keep.
class begun_session {
 public:
    started_session facts;
    std::string cookie;  ///< value of Set-Cookie
    std::string mark;    ///< value of Set-Cookie for http::signed_in_mark
};

/// The pages for signing in and out, registering, and the settings of sessions and password.
class page_routes;

inline constexpr larder::json::member_facts ended_sign_ins_facts[]{
    {.name = "ended", .meaning = "How many sign-ins were ended.", .least = 0},
};
inline larder::json::type_facts facts_of(std::type_identity<ended_sign_ins>)
{
    return {"EndedSignIns", "What was ended.", ended_sign_ins_facts};
}

/// /api/sessions, /api/auth/logout and /api/auth/password. Handlers that set a cookie return a response.
class slice {
 public:
    /// Requires: all references outlive this.
    slice(services& s, sign_ins::slice& sign_ins, accounts::slice& accounts, security_events::slice& events,
          authentication::request_authenticator& authenticator);

    /// Verifies the password and begins a session, which replaces those of the browser that sent `r`.
    asio::awaitable<outcome<begun_session>> sign_in(const http::request& r, const accounts::sign_in_request& c,
                                                    const http::client_info& from);
    /// The same for a member who has been authenticated in another way, after the time `began`.
    asio::awaitable<outcome<begun_session>> begin(const http::request& r, const accounts::account& who,
                                                  larder::timestamp began, const http::client_info& from);

 private:
    friend class page_routes;  // its forms do what the handlers below do

    asio::awaitable<http::response> start(http::anyone, const http::request& r,
                                          const http::body<accounts::sign_in_request>& b,
                                          const http::client_info& from);
    asio::awaitable<http::response> sign_out(http::member who, const http::request& r, const http::client_info& from);
    asio::awaitable<outcome<void>> change_password(http::member who, const http::request& r,
                                                   const http::body<password_change>& b, const http::client_info& from);
    asio::awaitable<outcome<started_session>> current(http::member who, const http::request& r);
    asio::awaitable<outcome<sign_in_list>> list(http::member who, const http::request& r);
    asio::awaitable<http::response> end_one(http::member who, const http::request& r, const http::path<std::string>& id,
                                            const http::client_info& from);
    asio::awaitable<outcome<ended_sign_ins>> end_others(http::member who, const http::request& r,
                                                        const http::client_info& from);
    asio::awaitable<outcome<larder::session>> successor_of(std::vector<std::string> old);

    sign_ins::store& sign_ins_;
    accounts::slice& accounts_;
    security_events::slice& events_;
    authentication::request_authenticator& authenticator_;
    larder::session_store& sessions_;
    const larder::clock& clock_;
    const std::shared_ptr<page_routes> pages_;
};

/// Requires: all references outlive the pages.
std::shared_ptr<page_routes> make_pages(services& s, slice& sessions, sign_ins::slice& sign_ins,
                                        accounts::slice& accounts, authentication::request_authenticator& by);

}  // namespace agora::sessions
