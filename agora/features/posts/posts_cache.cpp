// SPDX-License-Identifier: MIT
// Cache keys of the lists and posts, and the invalidations of a change, see posts_cache.hpp.
#include <agora/features/posts/posts_cache.hpp>
#include <agora/http/router.hpp>

namespace agora::posts {

std::optional<http::response_key> key_of_list(const http::request& r, const http::query<list_query>& q)
{
    const auto at = api::place_of(*q, {{"sort", default_sort}});
    if (!at) return std::nullopt;
    const auto viewer = api::viewer_of(r);
    if (at->more) return filtered_pages(at->skip, at->limit, viewer, *at->more);
    return pages(at->skip, at->limit, viewer);
}

std::optional<http::response_key> key_of_author_list(const http::request& r, const http::path<std::int64_t>& user_id,
                                                     const http::query<list_query>& q)
{
    const auto at = api::place_of(*q, {{"sort", default_sort}});
    if (!at) return std::nullopt;
    return pages_of_author(*user_id, at->skip, at->limit, api::viewer_of(r), at->more);
}

std::optional<http::response_key> key_of_one(const http::path<std::int64_t>& id) { return by_id(*id); }

void invalidate_counters(storage::invalidations& invalidations, std::int64_t id, std::int64_t author_id)
{
    invalidations.add(by_id(id));
    invalidations.add(larder::tag{"posts"});
    invalidations.add(larder::tag{"posts-of:{}", author_id});
}

void invalidate_post(storage::invalidations& invalidations, std::int64_t id, const users::author& author)
{
    invalidate_counters(invalidations, id, author.id);
    invalidations.add(larder::tag{"comments-of:{}", id});  // a deleted post has no comments
    invalidations.add(larder::tag{"user:{}", author.id});  // shows the number of posts
    invalidations.add(larder::tag{"username:{}", author.username});
}

}  // namespace agora::posts
