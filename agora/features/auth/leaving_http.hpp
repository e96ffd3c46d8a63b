// SPDX-License-Identifier: MIT
// DELETE /api/users/me
#pragma once

#include <agora/features/auth/leaving.hpp>
#include <agora/features/auth/request_authenticator.hpp>
#include <agora/http/router.hpp>
#include <larder/session.hpp>

namespace agora::auth {

struct leave_query {
    bool scrub = false;  ///< what one has written goes too; else it stays, without one's name
};
BOOST_DESCRIBE_STRUCT(leave_query, (), (scrub))

struct leave_request {
    std::string password;
};
BOOST_DESCRIBE_STRUCT(leave_request, (), (password))

class leaving_api {
 public:
    /// Requires: all references outlive this.
    leaving_api(leaving& l, request_authenticator& who, larder::session_store& sessions)
        : leaving_{l}, authenticator_{who}, sessions_{sessions}
    {}

    asio::awaitable<http::response> leave(const http::request& r, const http::query<leave_query>& q,
                                          const http::body<leave_request>& b);

 private:
    leaving& leaving_;
    request_authenticator& authenticator_;
    larder::session_store& sessions_;
};

void mount_leaving(http::router& routes, leaving_api& api);

}  // namespace agora::auth
