// SPDX-License-Identifier: MIT
// The invalidations of a change, see posts_cache.hpp.
#include <agora/features/posts/posts_cache.hpp>

namespace agora::posts {

void invalidate_counters(storage::invalidations& invalidations, std::int64_t id, std::int64_t author_id)
{
    invalidations.add(by_id(id));
    invalidations.add(larder::tag{"post:{}", id});
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
