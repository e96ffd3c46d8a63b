// SPDX-License-Identifier: MIT
// Cache regions of comments: which responses are cached under which keys, and what a change of a comment invalidates.
#pragma once

#include <agora/api/keys.hpp>
#include <agora/features/comments/comments.hpp>
#include <agora/storage/outbox.hpp>

namespace agora::comments {

/// Key: post, skip, limit, filters.
inline constexpr api::response_region<std::int64_t, api::skip, api::limit, api::filters> pages{
    "comments:post:{}:{}:{}:{}",
    {.ttl = std::chrono::seconds{60}, .tags = {"comments-of:{0}"}, .stale = api::public_answers}};
inline constexpr api::response_region<std::int64_t> by_id{"comment:{}",
                                                          {.ttl = larder::default_ttl, .stale = api::public_answers}};

/// Invalidates what shows the comment. Call it in the transaction of the change.
inline void invalidate_comment(storage::invalidations& invalidations, const comment& c)
{
    invalidations.add(by_id(c.id));
    invalidations.add(larder::tag{"comments-of:{}", c.post_id});
}

}  // namespace agora::comments
