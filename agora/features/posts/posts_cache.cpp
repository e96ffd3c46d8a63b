// SPDX-License-Identifier: MIT
#include <agora/features/posts/posts_cache.hpp>
#include <agora/http/router.hpp>

namespace agora::posts {

std::optional<http::response_key> key_of_list(const http::request& r, const http::query<list_query>& q)
{
    const auto filters = rest::filters_of(*q);
    const auto viewer = rest::viewer_of(r);
    if (filters) return filtered_pages(rest::skip_of(*q), rest::limit_of(*q), viewer, *filters);
    return pages(rest::skip_of(*q), rest::limit_of(*q), viewer);
}

std::optional<http::response_key> key_of_author_list(const http::request& r, const http::path<std::int64_t>& user_id,
                                                     const http::query<list_query>& q)
{
    return pages_of_author(*user_id, rest::skip_of(*q), rest::limit_of(*q), rest::viewer_of(r), rest::filters_of(*q));
}

std::optional<http::response_key> key_of_one(const http::path<std::int64_t>& id) { return by_id(*id); }

asio::awaitable<void> forget(larder::cache& cache, std::int64_t id, const users::author& author)
{
    std::vector<larder::entry_key> keys;
    keys.emplace_back(by_id(id));
    std::vector<larder::tag> tags;
    tags.push_back(larder::tag{"posts"});
    tags.push_back(larder::tag{"posts-of:{}", author.id});
    tags.push_back(larder::tag{"comments-of:{}", id});  // a post that is gone has none
    tags.push_back(larder::tag{"user:{}", author.id});  // the number of their posts
    tags.push_back(larder::tag{"username:{}", author.username});
    co_await cache.invalidate(std::move(keys), std::move(tags));
}

}  // namespace agora::posts
