// SPDX-License-Identifier: MIT
// Invalidation. What this process holds goes first, and once more when Redis has confirmed, as a reader may have
// fetched the old value from Redis in between. From the first to the last step the keys are pending: readers load, and
// store nothing.
#include "core.hpp"

namespace larder {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using detail::shared_tier;

static void forget(cache::core& c, const std::vector<std::string>& redis_keys)
{
    for (const auto& k : redis_keys) c.forget(k);
}

asio::awaitable<void> cache::try_again(std::shared_ptr<core> c)
{
    auto pause = 50ms;
    for (auto keys = c->pending.next(500); !keys.empty();) {
        co_await sleep_for(pause);
        if (c->at.stopping()) co_return;  // their TTL is the bound then
        const auto done = co_await c->shared->unlink(keys);
        if (done != shared_tier::done::yes) {
            pause = std::min<std::chrono::milliseconds>(2 * pause, 1s);
            continue;
        }
        forget(*c, keys);
        c->pending.leave(keys);
        pause = 0ms;
        keys = c->pending.next(500);
    }
}

asio::awaitable<invalidation> cache::invalidate_redis_keys(std::vector<std::string> keys)
{
    const auto c = core_;
    if (!c->shared) {
        forget(*c, keys);
        co_return invalidation::confirmed;
    }
    c->pending.enter(keys);
    forget(*c, keys);
    auto done = shared_tier::done::unreachable;
    try {
        done = co_await c->shared->unlink(keys);
    } catch (const boost::system::system_error&) {  // cancelled: it may have been done or not
    }
    forget(*c, keys);
    if (done == shared_tier::done::yes) {
        c->pending.leave(keys);
        co_return invalidation::confirmed;
    }
    if (c->pending.put_off(std::move(keys))) c->in_background(try_again(c));
    co_return invalidation::pending;
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

asio::awaitable<invalidation> cache::invalidate(std::vector<entry_key> keys, std::vector<tag> tags)
{
    std::vector<std::string> all;
    for (const auto& k : keys) all.emplace_back(k.text());
    for (const auto& t : tags) all.push_back(shared_tier::key_of_tag(t.text()));
    return invalidate_redis_keys(std::move(all));
}

asio::awaitable<invalidation> cache::invalidate(written_invalidation w)
{
    std::vector<std::string> all = std::move(w.keys);
    for (const auto& t : w.tags) all.push_back(shared_tier::key_of_tag(t));
    return invalidate_redis_keys(std::move(all));
}

asio::awaitable<invalidation> cache::clear() { return invalidate_redis_keys({core_->pending.everything}); }

}  // namespace larder
