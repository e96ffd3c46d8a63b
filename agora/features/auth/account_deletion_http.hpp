// SPDX-License-Identifier: MIT
// DELETE /api/users/me: a member deletes their own account.
#pragma once

#include <agora/features/auth/account_deletion.hpp>
#include <agora/features/auth/request_authenticator.hpp>
#include <agora/http/router.hpp>
#include <larder/session.hpp>

namespace agora::auth {

struct deletion_query {
    bool scrub = false;  ///< also delete what the member wrote; otherwise it stays, without the name
};
BOOST_DESCRIBE_STRUCT(deletion_query, (), (scrub))

struct deletion_request {
    std::string password;
};
BOOST_DESCRIBE_STRUCT(deletion_request, (), (password))

class account_deletion_api {
 public:
    /// Requires: all references outlive this.
    account_deletion_api(account_deletion& l, request_authenticator& who, larder::session_store& sessions)
        : account_deletion_{l}, authenticator_{who}, sessions_{sessions}
    {}

    asio::awaitable<http::response> remove(const http::request& r, const http::query<deletion_query>& q,
                                           const http::body<deletion_request>& b);

 private:
    account_deletion& account_deletion_;
    request_authenticator& authenticator_;
    larder::session_store& sessions_;
};

void mount_account_deletion(http::router& routes, account_deletion_api& api);

}  // namespace agora::auth
