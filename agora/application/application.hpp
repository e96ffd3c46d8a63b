// SPDX-License-Identifier: MIT
// The whole application over one database: what all slices share, and one member for each slice, which mounts its own
// routes. They are built in the order of the members below and destroyed in reverse order.
#pragma once

#include <agora/demo/demo_http.hpp>
#include <agora/docs/docs.hpp>
#include <agora/features/account_deletion/account_deletion.hpp>
#include <agora/features/account_recovery/account_recovery.hpp>
#include <agora/features/accounts/accounts.hpp>
#include <agora/features/api_keys/api_keys.hpp>
#include <agora/features/authentication/authentication.hpp>
#include <agora/features/categories/categories.hpp>
#include <agora/features/comments/comments.hpp>
#include <agora/features/discovery/discovery.hpp>
#include <agora/features/posts/posts.hpp>
#include <agora/features/security_events/security_events.hpp>
#include <agora/features/sessions/sessions.hpp>
#include <agora/features/sign_ins/sign_ins.hpp>
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
#include <string>

namespace agora::application {

/// What the community is called and where it is.
struct public_site {
    std::string address{};  ///< PUBLIC_URL
    std::string name = "Agora";
    bool external_images = false;    ///< whether posts show pictures of other sites
    std::string security_contact{};  ///< for security.txt; empty: there is none
    bool production = false;
};

/// What an application runs on. The defaults suit commands that only need its routes.
struct application_options {
    larder::redis::client* redis = nullptr;             ///< null: no Redis is configured
    health::watches watches{};                          ///< health watches of `redis` and `state`
    std::string_view secret_key = "unused";             ///< signs cursors
    credentials::key_ring keys{};                       ///< sign access tokens; empty: a random key is used
    larder::redis::client* state = nullptr;             ///< the Redis that holds the limits; null: in memory
    std::unique_ptr<larder::session_store> sessions{};  ///< null: sessions are kept in memory
    authentication::authenticator_options authenticator{};
    http::trusted_proxies proxies{};
    public_site site{};
    sign_ins::registration_mode registration = sign_ins::registration_mode::open;
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
    http::admission_rules admission() { return {&authenticator_, proxies_, origin_, own_host_is_trusted_}; }
    account_recovery::slice& recovery() noexcept { return account_recovery_; }
    http::idempotency& idempotency() noexcept { return idempotency_; }
    accounts::slice& accounts() noexcept { return accounts_; }
    users::slice& users() noexcept { return users_; }
    security_events::slice& security_events() noexcept { return security_events_; }
    storage::outbox& outbox() noexcept { return outbox_; }
    admin::warm_job& warming() noexcept { return warming_; }
    const std::string& openapi() { return docs_.openapi(); }

 private:
    void limit_changes();

    larder::limiter limits_;
    http::router routes_;
    site::site site_;
    docs::slice docs_;
    storage::outbox outbox_;
    storage::cursor_signer cursors_;
    http::trusted_proxies proxies_;
    const std::string origin_;
    const bool own_host_is_trusted_;
    std::unique_ptr<larder::session_store> session_store_;
    markup::renderer renderer_;
    idempotency::keys idempotency_;
    services services_;
    users::slice users_;
    posts::slice posts_;
    comments::slice comments_;
    categories::slice categories_;
    discovery::slice discovery_;
    security_events::slice security_events_;
    accounts::slice accounts_;
    api_keys::slice api_keys_;
    sign_ins::slice sign_ins_;
    authentication::request_authenticator authenticator_;
    sessions::slice sessions_;
    account_recovery::slice account_recovery_;
    account_deletion::slice account_deletion_;
    demo::slice demo_;
    health::slice health_;
    metrics::slice metrics_;
    admin::warm_job warming_;
    admin::slice admin_;
};

}  // namespace agora::application
