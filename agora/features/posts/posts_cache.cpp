// SPDX-License-Identifier: MIT
#include <agora/features/posts/posts_cache.hpp>
#include <agora/http/router.hpp>

namespace agora::posts {

std::optional<http::response_key> key_of_list(const http::request& r, const http::query<list_query>& q)
{
    const auto at = rest::place_of(*q, {{"sort", default_sort}});
    if (!at) return std::nullopt;
    const auto viewer = rest::viewer_of(r);
    if (at->more) return filtered_pages(at->skip, at->limit, viewer, *at->more);
    return pages(at->skip, at->limit, viewer);
}

std::optional<http::response_key> key_of_author_list(const http::request& r, const http::path<std::int64_t>& user_id,
                                                     const http::query<list_query>& q)
{
    const auto at = rest::place_of(*q, {{"sort", default_sort}});
    if (!at) return std::nullopt;
    return pages_of_author(*user_id, at->skip, at->limit, rest::viewer_of(r), at->more);
}

std::optional<http::response_key> key_of_one(const http::path<std::int64_t>& id) { return by_id(*id); }

void name_counted(storage::changes& untrue, std::int64_t id, std::int64_t author_id)
{
    untrue.add(by_id(id));
    untrue.add(larder::tag{"posts"});
    untrue.add(larder::tag{"posts-of:{}", author_id});
}

void name_changed(storage::changes& untrue, std::int64_t id, const users::author& author)
{
    name_counted(untrue, id, author.id);
    untrue.add(larder::tag{"comments-of:{}", id});  // a post that is gone has none
    untrue.add(larder::tag{"user:{}", author.id});  // the number of their posts
    untrue.add(larder::tag{"username:{}", author.username});
}

}  // namespace agora::posts
