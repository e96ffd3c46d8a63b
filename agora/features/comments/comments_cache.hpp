// SPDX-License-Identifier: MIT
// What of the comments is cached, under which keys, and what a change of one makes untrue.
#pragma once

#include <agora/features/comments/comments.hpp>
#include <agora/features/rest/keys.hpp>
#include <agora/storage/outbox.hpp>

namespace agora::comments {

/// Post, skip, limit, filters.
inline constexpr rest::response_region<std::int64_t, std::int64_t, std::int64_t, std::optional<std::string>> pages{
    "comments:post:{}:{}:{}:{}",
    {.ttl = std::chrono::seconds{60}, .tags = {"comments-of:{0}"}, .stale = rest::public_answers}};
inline constexpr rest::response_region<std::int64_t> by_id{"comment:{}",
                                                           {.ttl = larder::default_ttl, .stale = rest::public_answers}};

/// To be called in the change's transaction.
inline void name_changed(storage::changes& untrue, const comment& c)
{
    untrue.add(by_id(c.id));
    untrue.add(larder::tag{"comments-of:{}", c.post_id});
}

}  // namespace agora::comments
