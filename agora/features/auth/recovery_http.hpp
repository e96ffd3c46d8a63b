// SPDX-License-Identifier: MIT
// /api/auth/password/forgot, /password/reset, /verify-email and /resend-verification, see recovery.hpp.
#pragma once

#include <agora/features/auth/recovery.hpp>
#include <agora/http/admission.hpp>
#include <agora/http/router.hpp>
#include <larder/session.hpp>

namespace agora::auth {

struct forgotten {
    std::string email;
};
BOOST_DESCRIBE_STRUCT(forgotten, (), (email))

struct new_password {
    std::string token;
    std::string new_password;
};
BOOST_DESCRIBE_STRUCT(new_password, (), (token, new_password))

struct verification {
    std::string token;
};
BOOST_DESCRIBE_STRUCT(verification, (), (token))

struct recovery_message {
    std::string message;
};
BOOST_DESCRIBE_STRUCT(recovery_message, (), (message))

class recovery_api {
 public:
    /// `mails` limits the emails to one address. Requires: all of them outlive this.
    recovery_api(recovery& letters, larder::session_store& sessions, larder::rate_limit& mails)
        : recovery_{letters}, sessions_{sessions}, mails_{mails}
    {}

    asio::awaitable<http::response> forgot(const http::request& r, const http::body<forgotten>& b);
    asio::awaitable<http::response> reset(const http::request& r, const http::body<new_password>& b);
    asio::awaitable<http::response> verify(const http::request& r, const http::body<verification>& b);
    asio::awaitable<http::response> resend(const http::request& r);

 private:
    origin origin_of(const http::request& r) const;

    recovery& recovery_;
    larder::session_store& sessions_;
    larder::rate_limit& mails_;
};

void mount_recovery(http::router& routes, recovery_api& api, larder::rate_limit& recovery_attempts);

}  // namespace agora::auth
