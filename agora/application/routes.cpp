// SPDX-License-Identifier: MIT
// The routes of the modules that are not slices. A slice mounts its routes in its constructor.
#include <agora/application/application.hpp>

namespace agora::application {

void application::add_routes()
{
    auth::mount_auth(routes_, auth_, auth_limits_);        // /api/auth, /api/sessions
    auth::mount_api_keys(routes_, api_keys_api_, cache_);  // /api/api-keys
    auth::mount_auth_admin(routes_, auth_admin_);          // /api/admin/users, /api/admin/security-events
    auth::mount_recovery(routes_, recovery_api_,
                         auth_limits_.recovery_attempts);  // /api/auth/password, /api/auth/verify-email
    auth::mount_email_change(routes_, email_change_api_, auth_limits_.confirmations);  // /api/auth/email
    auth::mount_account_deletion(routes_, account_deletion_api_);                      // DELETE /api/users/me
    cache_.declare(auth::account_statuses);
    cache_.declare(auth::sign_in_owners);
    routes_.section("health");
    routes_.get("/api/openapi.json", &openapi_api::document, openapi_).summary("This document").returns(200);
}

}  // namespace agora::application
