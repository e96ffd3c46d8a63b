// SPDX-License-Identifier: MIT
// The table of contents of the API: one line per slice. Each slice's *_http.cpp lists its routes.
#include <agora/application/application.hpp>

namespace agora::application {

void application::add_routes()
{
    health::mount_health(routes_, health_);       // /api/health, /live, /ready, /health/deep, /health/cache, ...
    metrics::mount_metrics(routes_, metrics_);    // /metrics
    posts::mount_posts(routes_, posts_, cache_);  // /api/posts
    comments::mount_comments(routes_, comments_, cache_);        // /api/posts/{id}/comments, /api/comments
    categories::mount_categories(routes_, categories_, cache_);  // /api/categories, /api/tags
    auth::mount_auth(routes_, auth_, auth_limits_);              // /api/auth, /api/sessions
    auth::mount_api_keys(routes_, api_keys_api_, cache_);        // /api/api-keys
    auth::mount_auth_admin(routes_, auth_admin_);                // /api/admin/users, /api/admin/security-events
    auth::mount_recovery(routes_, recovery_api_,
                         auth_limits_.recovery_attempts);  // /api/auth/password, /api/auth/verify-email
    auth::mount_email_change(routes_, email_change_api_, auth_limits_.confirmations);  // /api/auth/email
    auth::mount_account_deletion(routes_, account_deletion_api_);                      // DELETE /api/users/me
    cache_.declare(auth::account_statuses);
    cache_.declare(auth::sign_in_owners);
    users::mount_users(routes_, users_, cache_, limits_);  // /api/users
    demo::mount_demo(routes_, demo_, cache_, limits_);     // /api/cached-data, /api/invalidate-cache
    admin::mount_admin(routes_, admin_);                   // /api/admin/cache
    routes_.get("/api/openapi.json", &openapi_api::document, openapi_)
        .tagged("health")
        .summary("This document")
        .returns(200);
}

}  // namespace agora::application
