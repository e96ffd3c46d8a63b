// SPDX-License-Identifier: MIT
// /api/admin/users/{id}/role and /api/admin/security-events, for administrators. mount_auth_admin() binds the handlers.
#pragma once

#include <agora/features/auth/auth.hpp>
#include <agora/features/users/users.hpp>
#include <agora/http/admission.hpp>
#include <agora/http/router.hpp>
#include <agora/storage/cursor.hpp>

namespace agora::auth {

struct role_wish {
    std::string role;  ///< user, moderator or admin
};
BOOST_DESCRIBE_STRUCT(role_wish, (), (role))

struct event_query : api::page_query {
    std::optional<std::int64_t> user_id;  ///< default: events of all users
};
BOOST_DESCRIBE_STRUCT(event_query, (api::page_query), (user_id))

class auth_admin_api {
 public:
    /// Requires: all of them outlive this.
    auth_admin_api(service& accounts, users::store& people, const storage::cursor_signer& signer)
        : auth_{accounts}, users_{people}, signer_{signer}
    {}

    asio::awaitable<http::response> set_role(const http::request& r, const http::path<std::int64_t>& id,
                                             const http::body<role_wish>& wish);
    asio::awaitable<http::response> events(const http::request& r, const http::query<event_query>& q);

 private:
    service& auth_;
    users::store& users_;
    const storage::cursor_signer& signer_;
};

void mount_auth_admin(http::router& routes, auth_admin_api& api);

}  // namespace agora::auth
