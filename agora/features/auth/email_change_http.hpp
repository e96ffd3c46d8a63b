// SPDX-License-Identifier: MIT
// PUT /api/auth/email and POST /api/auth/email/confirm. mount_email_change() binds the handlers.
#pragma once

#include <agora/features/auth/email_change.hpp>
#include <agora/http/router.hpp>

namespace agora::auth {

struct email_wish {
    std::string email;
    std::string password;
};
BOOST_DESCRIBE_STRUCT(email_wish, (), (email, password))

struct email_confirmation {
    std::string token;
};
BOOST_DESCRIBE_STRUCT(email_confirmation, (), (token))

struct email_change_message {
    std::string message;
};
BOOST_DESCRIBE_STRUCT(email_change_message, (), (message))

class email_change_api {
 public:
    /// Requires: it outlives this.
    explicit email_change_api(email_change& change) : change_{change} {}

    asio::awaitable<http::response> ask(const http::request& r, const http::body<email_wish>& b);
    asio::awaitable<http::response> confirm(const http::request& r, const http::body<email_confirmation>& b);

 private:
    email_change& change_;
};

void mount_email_change(http::router& routes, email_change_api& api, larder::rate_limit& confirmations);

}  // namespace agora::auth
