// SPDX-License-Identifier: MIT
// /api/posts: lists, single posts, and writing them. A post may be changed by its author and by moderators. One handler
// for each route; mount_posts() binds them.
#pragma once

#include <agora/features/posts/posts.hpp>
#include <agora/http/router.hpp>
#include <larder/cache.hpp>

namespace agora::posts {

class posts_api {
 public:
    /// Requires: all of them outlive this.
    posts_api(store& posts, users::store& users, const storage::cursor_signer& signer, api::authoring by)
        : store_{posts}, users_{users}, signer_{signer}, by_{by}
    {}

    asio::awaitable<http::response> list(const http::request& r, const http::query<list_query>& q);
    asio::awaitable<http::response> list_of_author(const http::request& r, const http::path<std::int64_t>& user_id,
                                                   const http::query<list_query>& q);
    asio::awaitable<http::response> find(const http::request& r, const http::path<std::int64_t>& id);
    asio::awaitable<http::response> create(const http::request& r, const http::body<draft>& d);
    asio::awaitable<http::response> replace(const http::request& r, const http::path<std::int64_t>& id,
                                            const http::body<draft>& d);
    asio::awaitable<http::response> revise(const http::request& r, const http::path<std::int64_t>& id,
                                           const http::body<change>& wanted);
    asio::awaitable<http::response> remove(const http::request& r, const http::path<std::int64_t>& id);

    // Paths to warm the cache with:
    asio::awaitable<std::vector<std::string>> popular_lists(std::size_t most);
    asio::awaitable<std::vector<std::string>> popular_posts(std::size_t most);
    asio::awaitable<std::vector<std::string>> popular_authors(std::size_t most);

 private:
    static http::response edited(const http::request& r, const outcome<post>& done);

    store& store_;
    users::store& users_;
    const storage::cursor_signer& signer_;
    const api::authoring by_;
};

/// Requires: `api` and `cache` outlive the router.
void mount_posts(http::router& routes, posts_api& api, larder::cache& cache);

}  // namespace agora::posts
