// SPDX-License-Identifier: MIT
// The whole application over one database: stores, rules, handlers and their routes, built in the order of the
// members below and destroyed in the reverse one. routes.cpp is the table of contents of the API.
#pragma once

#include <agora/features/admin/admin_http.hpp>
#include <agora/features/categories/categories_http.hpp>
#include <agora/features/comments/comments_http.hpp>
#include <agora/features/health/health.hpp>
#include <agora/features/metrics/metrics.hpp>
#include <agora/features/posts/posts_http.hpp>
#include <agora/features/showcase/showcase_http.hpp>
#include <agora/features/users/users_http.hpp>
#include <agora/http/router.hpp>
#include <agora/storage/cursor.hpp>
#include <agora/storage/db.hpp>
#include <agora/storage/outbox.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace agora::app {

/// Serves the OpenAPI document of the routes it stands among.
class openapi_api {
 public:
    explicit openapi_api(const http::router& routes) : routes_{routes} {}
    http::response document();

 private:
    const http::router& routes_;
    std::string document_;
    std::once_flag made_;
};

/// Where a site runs; the defaults are for verbs that only need its routes.
struct site_options {
    larder::redis::client* redis = nullptr;  ///< none is configured
    std::string_view secret_key = "unused";  ///< signs cursors
    std::size_t loops = 1;                   ///< how many event loops will ask
    std::function<bool()> draining = [] { return false; };
    std::function<http::traffic()> traffic;                   ///< for /metrics
    std::function<void(boost::asio::awaitable<void>)> spawn;  ///< background work, see runtime::spawn()
};

class site {
 public:
    /// Requires: the database, the cache, and Redis if there is one, outlive this.
    site(storage::database& db, larder::cache& cache, const site_options& o);

    const http::router& routes() const noexcept { return routes_; }
    storage::outbox& changes() noexcept { return outbox_; }
    /// Loads up to so many popular answers of each cached route, in the background.
    void warm(std::size_t most);

 private:
    void add_routes();

    larder::cache& cache_;
    http::router routes_;
    storage::outbox outbox_;
    storage::cursor_signer cursors_;
    std::unique_ptr<users::store> users_store_;
    std::unique_ptr<posts::store> posts_store_;
    std::unique_ptr<comments::store> comments_store_;
    std::unique_ptr<categories::store> categories_store_;
    users::users_api users_;
    posts::posts_api posts_;
    comments::comments_api comments_;
    categories::categories_api categories_;
    showcase::showcase_api showcase_;
    health::health_api health_;
    metrics::metrics_api metrics_;
    admin::warm_job warming_;
    admin::admin_api admin_;
    openapi_api openapi_;
};

}  // namespace agora::app
