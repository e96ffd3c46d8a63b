// SPDX-License-Identifier: MIT
// Invalidation; start at core::invalidate_begun(). It first drops what this process holds and detaches the flights that
// may return the old value. Until Redis has confirmed the deletion, the keys are pending: readers run the loader and
// store nothing. After the reply of Redis, the local state is dropped once more, because a reader may have read a tag's
// version in between, and Redis does not report a change to the connection that made it (NOLOOP).
// Unconfirmed keys are retried in the background (try_again) until Redis confirms or the cache is closed.
#include <algorithm>

#include "core.hpp"
#include "test_points.hpp"

namespace larder {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using detail::shared_tier;

static void forget_all(cache::core& c, const std::vector<std::string>& redis_keys)
{
    for (const auto& k : redis_keys) c.forget(k);
}

static asio::awaitable<void> try_again(std::shared_ptr<cache::core> c)
{
    auto pause = 50ms;
    for (auto keys = c->pending.next(500); !keys.empty();) {
        const bool closed = co_await c->unclosed.none(std::chrono::steady_clock::now() + pause);
        if (closed || c->at.stopping()) co_return;  // left to a relay; without one, the entries expire by their TTL
        const auto done = co_await c->shared->unlink(keys);
        if (done.how != invalidation::confirmed) {
            pause = std::clamp<std::chrono::milliseconds>(2 * pause, 50ms, 1s);
            continue;
        }
        forget_all(*c, keys);
        c->pending.leave(keys);
        pause = 0ms;
        keys = c->pending.next(500);
    }
}

asio::awaitable<confirmation> cache::core::invalidate_begun(std::shared_ptr<core> self, std::vector<std::string> keys)
{
    self->at.check();
    forget_all(*self, keys);  // before Redis is asked
    confirmation done;
    if (!self->shared) {
        done.how = invalidation::confirmed;
        co_return done;
    }
    try {
        if constexpr (test_points) co_await reach(step::forgotten, self->options.time);
        done = co_await self->shared->unlink(keys);
        if constexpr (test_points) co_await reach(step::unlinked, self->options.time);
    } catch (const boost::system::system_error&) {  // cancelled: Redis may or may not have deleted the keys
    }
    forget_all(*self, keys);  // what was read meanwhile
    if (done.how == invalidation::confirmed) {
        self->pending.leave(keys);
    } else if (self->pending.put_off(std::move(keys))) {
        self->in_background(try_again(self));
    }
    co_return done;
}

asio::awaitable<confirmation> cache::core::invalidate_here(std::vector<std::string> keys)
{
    if (shared) pending.enter(keys);
    return invalidate_begun(shared_from_this(), std::move(keys));
}

asio::awaitable<invalidation> cache::invalidate_redis_keys(std::vector<std::string> keys)
{
    const auto call = core_->call();
    const auto done = co_await core_->invalidate_here(std::move(keys));
    co_return done.how;
}

asio::awaitable<invalidation> cache::invalidate(entry_key k) { return invalidate_redis_keys({std::string{k.text()}}); }

asio::awaitable<invalidation> cache::invalidate(tag t)
{
    return invalidate_redis_keys({shared_tier::key_of_tag(t.text())});
}

asio::awaitable<invalidation> cache::invalidate(const region_base& all_of)
{
    return invalidate_redis_keys({shared_tier::key_of_tag(detail::tag_of(all_of))});
}

asio::awaitable<invalidation> cache::invalidate(list_of<entry_key> keys, list_of<tag> tags)
{
    std::vector<std::string> all;
    for (const auto& k : keys) all.emplace_back(k.text());
    for (const auto& t : tags) all.push_back(shared_tier::key_of_tag(t.text()));
    return invalidate_redis_keys(std::move(all));
}

asio::awaitable<invalidation> cache::clear() { return invalidate_redis_keys({core_->pending.everything}); }

}  // namespace larder
