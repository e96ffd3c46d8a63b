// SPDX-License-Identifier: MIT
// /api/categories, /api/categories/{id}/posts and /api/tags. One handler for each route; mount_categories() binds them.
#pragma once

#include <agora/features/categories/categories.hpp>
#include <agora/features/posts/posts.hpp>
#include <agora/http/router.hpp>

namespace agora::categories {

class categories_api {
 public:
    /// Requires: all of them outlive this.
    categories_api(store& categories, posts::store& posts, const storage::cursor_signer& signer)
        : store_{categories}, posts_{posts}, signer_{signer}
    {}

    asio::awaitable<http::response> list(const http::request& r, const http::query<api::page_query>& q);
    asio::awaitable<http::response> posts_of(const http::request& r, const http::path<std::int64_t>& id,
                                             const http::query<posts::list_query>& q);
    asio::awaitable<http::response> tags(const http::request& r, const http::query<api::page_query>& q);

    // Paths to warm the cache with:
    asio::awaitable<std::vector<std::string>> first_list(std::size_t most);
    asio::awaitable<std::vector<std::string>> first_tags(std::size_t most);
    asio::awaitable<std::vector<std::string>> popular(std::size_t most);

 private:
    store& store_;
    posts::store& posts_;
    const storage::cursor_signer& signer_;
};

/// Requires: `api` and `cache` outlive the router.
void mount_categories(http::router& routes, categories_api& api, larder::cache& cache);

}  // namespace agora::categories
