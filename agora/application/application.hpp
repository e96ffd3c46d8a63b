// SPDX-License-Identifier: MIT
// The whole application over one database: stores, services, handlers and their routes. They are built in the order of
// the members below and destroyed in reverse order. routes.cpp is the table of contents of the API.
#pragma once

#include <agora/demo/demo_http.hpp>
#include <agora/features/auth/account_deletion_http.hpp>
#include <agora/features/auth/api_keys_http.hpp>
#include <agora/features/auth/auth_admin.hpp>
#include <agora/features/auth/auth_http.hpp>
#include <agora/features/auth/email_change_http.hpp>
#include <agora/features/auth/recovery_http.hpp>
#include <agora/features/categories/categories.hpp>
#include <agora/features/comments/comments.hpp>
#include <agora/features/posts/posts.hpp>
#include <agora/features/users/users.hpp>
#include <agora/http/router.hpp>
#include <agora/operations/admin_http.hpp>
#include <agora/operations/health.hpp>
#include <agora/operations/idempotency.hpp>
#include <agora/operations/metrics.hpp>
#include <agora/services/services.hpp>
#include <agora/storage/cursor.hpp>
#include <agora/storage/db.hpp>
#include <agora/storage/outbox.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace agora::application {

/// Serves the OpenAPI document of all routes, including its own.
class openapi_api {
 public:
    openapi_api(const http::router& routes, std::string session_cookie)
        : routes_{routes}, session_cookie_{std::move(session_cookie)}
    {}
    const std::string& text();
    http::response document();

 private:
    const http::router& routes_;
    const std::string session_cookie_;
    std::string document_;
    std::once_flag made_;
};

/// What an application runs on. The defaults suit commands that only need its routes.
struct application_options {
    larder::redis::client* redis = nullptr;             ///< null: no Redis is configured
    health::watches watches{};                          ///< health watches of `redis` and `state`
    std::string_view secret_key = "unused";             ///< signs cursors
    auth::key_ring keys{};                              ///< sign access tokens; empty: a random key is used
    larder::redis::client* state = nullptr;             ///< the Redis that holds the limits; null: in memory
    std::unique_ptr<larder::session_store> sessions{};  ///< null: sessions are kept in memory
    auth::authenticator_options authenticator{};
    http::trusted_proxies proxies{};
    std::string public_url{};
    auth::registration_mode registration = auth::registration_mode::open;
    std::size_t loops = 1;  ///< number of event loops that serve requests
    std::function<bool()> draining = [] { return false; };
    std::function<http::traffic()> traffic;                   ///< for /metrics
    std::function<void(boost::asio::awaitable<void>)> spawn;  ///< background work, see runtime::spawn()
};

class application {
 public:
    /// Requires: `db`, `cache`, and the Redis clients in `o`, if any, outlive this object.
    application(storage::database& db, larder::cache& cache, application_options o);

    const http::router& routes() const noexcept { return routes_; }
    /// The rules by which the server admits requests.
    http::admission_rules admission() { return {&authenticator_, proxies_}; }
    auth::recovery& recovery() noexcept { return recovery_; }
    http::idempotency& idempotency() noexcept { return idempotency_; }
    auth::service& accounts() noexcept { return accounts_; }
    storage::outbox& outbox() noexcept { return outbox_; }
    const std::string& openapi() { return openapi_.text(); }
    /// Loads up to `most` popular responses of each cached route, in the background.
    void warm(std::size_t most);

 private:
    void add_routes();
    void limit_changes();

    larder::cache& cache_;
    larder::limiter limits_;
    http::router routes_;
    openapi_api openapi_;
    storage::outbox outbox_;
    storage::cursor_signer cursors_;
    http::trusted_proxies proxies_;
    auth::key_ring keys_;
    std::unique_ptr<larder::session_store> sessions_;
    auth::password_hasher hasher_;
    markup::renderer renderer_;
    auth::auth_limits auth_limits_;
    auth::known_networks networks_;
    auth::password_attempts attempts_;
    std::unique_ptr<auth::store> accounts_store_;
    auth::service accounts_;
    idempotency::keys idempotency_;
    services services_;
    users::slice users_;
    posts::slice posts_;
    comments::slice comments_;
    categories::slice categories_;
    auth::api_keys api_keys_;
    auth::request_authenticator authenticator_;
    auth::auth_api auth_;
    auth::api_keys_api api_keys_api_;
    auth::auth_admin_api auth_admin_;
    auth::account_deletion account_deletion_;
    auth::account_deletion_api account_deletion_api_;
    auth::recovery recovery_;
    auth::recovery_api recovery_api_;
    auth::email_change email_change_;
    auth::email_change_api email_change_api_;
    demo::slice demo_;
    health::slice health_;
    metrics::slice metrics_;
    admin::warm_job warming_;
    admin::slice admin_;
};

}  // namespace agora::application
