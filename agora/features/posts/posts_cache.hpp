// SPDX-License-Identifier: MIT
// Cache regions of posts: which responses are cached under which keys, and what a change of a post invalidates.
#pragma once

#include <agora/api/keys.hpp>
#include <agora/features/posts/posts.hpp>
#include <agora/storage/outbox.hpp>
#include <larder/cache.hpp>

namespace agora::posts {

inline constexpr larder::region_options list_options{
    .ttl = std::chrono::seconds{30}, .tags = {"posts"}, .stale = api::public_answers};

inline constexpr api::response_region<api::skip, api::limit, api::viewer> pages{"posts:list:{}:{}:{}", list_options};
inline constexpr api::response_region<api::skip, api::limit, api::viewer, api::filters> filtered_pages{
    "posts:list:{}:{}:{}:{}", list_options};
/// The first field is the author.
inline constexpr api::response_region<std::int64_t, api::skip, api::limit, api::viewer, api::filters> pages_of_author{
    "posts:user:{}:{}:{}:{}:{}",
    {.ttl = std::chrono::seconds{30}, .tags = {"posts-of:{0}"}, .stale = api::public_answers}};
/// The size limit leaves room for the longest body and the HTML that it is rendered to.
inline constexpr api::response_region<std::int64_t> by_id{
    "post:{}", {.ttl = larder::default_ttl, .stale = api::public_answers, .size = {.max_bytes = std::size_t{4} << 20}}};

/// Invalidates everything that a change of a post affects. Call it in the transaction of the change.
void invalidate_post(storage::invalidations& invalidations, std::int64_t id, const users::author& author);

}  // namespace agora::posts
