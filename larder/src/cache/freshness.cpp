// SPDX-License-Identifier: MIT
// Each event changes the state of a channel under the mutex; settle() then recomputes the generation and the time as of
// which all channels are fresh, which readers load without a lock. Start at heartbeat_answered() and settle().
#include "freshness.hpp"

#include <algorithm>

namespace larder::detail {

std::vector<std::size_t> freshness::channels() const
{
    const std::lock_guard lock{mutex_};
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < channels_.size(); ++i)
        if (channels_[i].connected) out.push_back(i);
    return out;
}

void freshness::connected(std::size_t channel, bool tracked, boot_time now)
{
    const std::lock_guard lock{mutex_};
    const bool was_tracked = generation_.load(std::memory_order_relaxed) != untracked;
    ++changes_;
    // Without a relay a new channel is fresh as of now, because nothing was read on it before. With a relay, nothing is
    // known yet about what has been applied in this Redis.
    channels_.at(channel) = {true, tracked, !relayed_, relayed_ ? boot_time{} : now};
    settle(!was_tracked || !tracked);
}

void freshness::lost(std::size_t channel)
{
    const std::lock_guard lock{mutex_};
    if (!channels_.at(channel).connected) return;
    ++changes_;
    channels_.at(channel) = {};
    settle(true);  // ends the generation
}

freshness::sent_heartbeat freshness::begin_heartbeat(boot_time now) const
{
    const std::lock_guard lock{mutex_};
    return {now, watermark_.answered(), changes_.load(std::memory_order_relaxed)};
}

void freshness::heartbeat_answered(std::size_t channel, const sent_heartbeat& h, const std::string& begin,
                                   const std::string& end)
{
    const std::lock_guard lock{mutex_};
    auto& c = channels_.at(channel);
    if (!c.connected) return;
    c.answered = true;
    std::optional fresh_as_of{h.sent};
    if (relayed_) {
        const bool same_redis = h.changes == changes_.load(std::memory_order_relaxed);
        fresh_as_of = watermark_.read(h.sent, same_redis ? h.answered : boot_time{}, begin, end);
    }
    if (fresh_as_of) c.fresh_as_of = std::max(c.fresh_as_of, *fresh_as_of);
    settle(false);
}

void freshness::relay_began(const std::string& id, boot_time now)
{
    const std::lock_guard lock{mutex_};
    watermark_.relay_began(id, now);
}

void freshness::reset()
{
    const std::lock_guard lock{mutex_};
    ++changes_;
    watermark_.forget();
    for (auto& c : channels_) {
        c.answered = c.answered && !relayed_;
        if (relayed_) c.fresh_as_of = {};
    }
    settle(true);
}

void freshness::confirm_applied(boot_time since)
{
    const std::lock_guard lock{mutex_};
    if (generation_.load(std::memory_order_relaxed) == untracked) generation_.store(++last_, std::memory_order_release);
    fresh_as_of_.store(std::max(since, fresh_as_of_.load(std::memory_order_relaxed)), std::memory_order_release);
}

void freshness::settle(bool new_generation)
{
    bool any = false;
    bool all_tracked = true;
    auto oldest = boot_time::max();
    for (const auto& c : channels_) {
        if (!c.connected) continue;
        any = true;
        all_tracked = all_tracked && c.tracked;
        // With a relay, every connected channel must have answered a heartbeat in the current epoch, even one that
        // nothing is read on. Otherwise, while there are two masters, an invalidation could be confirmed by one of them
        // and a value read from the other.
        if (c.answered || relayed_) oldest = std::min(oldest, c.answered ? c.fresh_as_of : boot_time{});
    }
    // The generation ends first: a reader must not see the new time together with the old generation, which the new
    // time does not apply to.
    if (new_generation) generation_.store(any && all_tracked ? ++last_ : untracked, std::memory_order_release);
    fresh_as_of_.store(oldest == boot_time::max() ? boot_time{} : oldest, std::memory_order_release);
}

}  // namespace larder::detail
