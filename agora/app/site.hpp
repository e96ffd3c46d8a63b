// SPDX-License-Identifier: MIT
// The whole application over one database: stores, rules, handlers and their routes, built in the order of the
// members below and destroyed in the reverse one. routes.cpp is the table of contents of the API.
#pragma once

#include <agora/features/admin/admin_http.hpp>
#include <agora/features/categories/categories_http.hpp>
#include <agora/features/comments/comments_http.hpp>
#include <agora/features/health/health.hpp>
#include <agora/features/posts/posts_http.hpp>
#include <agora/features/users/users_http.hpp>
#include <agora/http/router.hpp>
#include <agora/storage/cursor.hpp>
#include <agora/storage/db.hpp>
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

class site {
 public:
    /// `secret_key` signs cursors. `loops` and `draining` are for the health answers.
    /// Requires: the database, and Redis if there is one, and the cache outlive this.
    site(storage::database& db, larder::redis::client* redis, larder::cache& cache, std::string_view secret_key,
         std::size_t loops, std::function<bool()> draining);

    const http::router& routes() const noexcept { return routes_; }

 private:
    void add_routes();

    larder::cache& cache_;
    storage::cursor_signer cursors_;
    std::unique_ptr<users::store> users_store_;
    std::unique_ptr<posts::store> posts_store_;
    std::unique_ptr<comments::store> comments_store_;
    std::unique_ptr<categories::store> categories_store_;
    users::users_api users_;
    posts::posts_api posts_;
    comments::comments_api comments_;
    categories::categories_api categories_;
    health::health_api health_;
    admin::admin_api admin_;
    http::router routes_;
    openapi_api openapi_;
};

}  // namespace agora::app
