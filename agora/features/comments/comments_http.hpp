// SPDX-License-Identifier: MIT
// /api/posts/{id}/comments and /api/comments/{id}: lists, single comments, and writing them. One handler for each
// route; mount_comments() binds them.
#pragma once

#include <agora/features/comments/comments.hpp>
#include <agora/http/router.hpp>

namespace agora::comments {

class comments_api {
 public:
    /// Requires: all of them outlive this.
    comments_api(store& comments, posts::store& posts, const storage::cursor_signer& signer, api::authoring by)
        : store_{comments}, posts_{posts}, signer_{signer}, by_{by}
    {}

    asio::awaitable<http::response> of_post(const http::request& r, const http::path<std::int64_t>& post_id,
                                            const http::query<list_query>& q);
    asio::awaitable<http::response> find(const http::request& r, const http::path<std::int64_t>& id);
    asio::awaitable<http::response> create(const http::request& r, const http::path<std::int64_t>& post_id,
                                           const http::body<draft>& d);
    asio::awaitable<http::response> revise(const http::request& r, const http::path<std::int64_t>& id,
                                           const http::body<change>& wanted);
    asio::awaitable<http::response> remove(const http::request& r, const http::path<std::int64_t>& id);
    /// Paths to warm the cache with: the comments of the most liked posts.
    asio::awaitable<std::vector<std::string>> popular_threads(std::size_t most);

 private:
    template <class T>
    asio::awaitable<http::response> answer(const http::request& r, std::int64_t post_id,
                                           const outcome<api::list<T>>& page);

    store& store_;
    posts::store& posts_;
    const storage::cursor_signer& signer_;
    const api::authoring by_;
};

/// Requires: `api` and `cache` outlive the router.
void mount_comments(http::router& routes, comments_api& api, larder::cache& cache);

}  // namespace agora::comments
