// SPDX-License-Identifier: MIT
// /api/auth: accounts and tokens. /api/sessions: sign-ins by cookie, and the list of all sign-ins of a user. One
// handler for each route; mount_auth() binds them.
#pragma once

#include <agora/features/auth/request_authenticator.hpp>
#include <agora/features/users/users.hpp>
#include <agora/http/router.hpp>

namespace agora::auth {

struct refresh_request {
    std::string refresh_token;
};
BOOST_DESCRIBE_STRUCT(refresh_request, (), (refresh_token))

struct password_change {
    std::string old_password;
    std::string new_password;
};
BOOST_DESCRIBE_STRUCT(password_change, (), (old_password, new_password))

/// A member's own account: the public profile and the e-mail address.
struct own_account : users::user {
    std::string email;
    bool email_verified = false;
};
BOOST_DESCRIBE_STRUCT(own_account, (users::user), (email, email_verified))

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

struct sign_in_list {
    std::vector<shown_sign_in> data;
};
BOOST_DESCRIBE_STRUCT(sign_in_list, (), (data))

struct started_session {
    std::int64_t user_id = 0;
    std::string csrf_token;  ///< to be sent as X-CSRF-Token with every request that changes something
    larder::timestamp expires_at{};
};
BOOST_DESCRIBE_STRUCT(started_session, (), (user_id, csrf_token, expires_at))

struct ended_sign_ins {
    std::uint64_t ended = 0;
};
BOOST_DESCRIBE_STRUCT(ended_sign_ins, (), (ended))

enum class registration_mode : std::uint8_t { open, closed };

/// The rate limits of these routes.
class auth_limits {
 public:
    explicit auth_limits(larder::limiter& l);
    larder::rate_limit& tries;              ///< wrong passwords of one account from one network
    larder::rate_limit& account_tries;      ///< wrong passwords of one account from unknown networks
    larder::rate_limit& sign_ins;           ///< from one client address
    larder::rate_limit& sign_ups;           ///< from one client address
    larder::rate_limit& refreshes;          ///< from one client address
    larder::rate_limit& mails;              ///< emails to one address, and emails that one member causes
    larder::rate_limit& confirmations;      ///< confirmations of new e-mail addresses, from one client address
    larder::rate_limit& recovery_attempts;  ///< requests for emails and uses of their tokens, from one client address
};

class auth_api {
 public:
    /// Requires: all references outlive this.
    auth_api(service& accounts, users::store& people, request_authenticator& who, larder::session_store& sessions,
             registration_mode mode)
        : auth_{accounts}, users_{people}, authenticator_{who}, sessions_{sessions}, mode_{mode}
    {}

    asio::awaitable<http::response> enroll(const http::request& r, const http::body<registration>& b);
    asio::awaitable<http::response> sign_in(const http::request& r, const http::body<credentials>& b);
    asio::awaitable<http::response> refresh(const http::request& r, const http::body<refresh_request>& b);
    asio::awaitable<http::response> sign_out(const http::request& r);
    asio::awaitable<http::response> me(const http::request& r);
    asio::awaitable<http::response> change_password(const http::request& r, const http::body<password_change>& b);

    /// The public keys of tokens, for other programs (RFC 7517).
    http::response keys();

    asio::awaitable<http::response> start_session(const http::request& r, const http::body<credentials>& b);
    asio::awaitable<http::response> current(const http::request& r);
    asio::awaitable<http::response> all(const http::request& r);
    asio::awaitable<http::response> end_one(const http::request& r, const http::path<std::string>& id);
    asio::awaitable<http::response> end_all(const http::request& r);

 private:
    origin origin_of(const http::request& r) const;
    asio::awaitable<outcome<std::vector<shown_sign_in>>> sign_ins_of(const http::request& r);
    asio::awaitable<outcome<larder::session>> successor_of(std::vector<std::string> old);

    service& auth_;
    users::store& users_;
    request_authenticator& authenticator_;
    larder::session_store& sessions_;
    registration_mode mode_;
};

void mount_auth(http::router& routes, auth_api& api, const auth_limits& limits);

}  // namespace agora::auth
