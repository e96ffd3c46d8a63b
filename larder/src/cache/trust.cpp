// SPDX-License-Identifier: MIT
#include "trust.hpp"

#include <algorithm>

namespace larder::detail {

std::vector<std::size_t> trust::channels() const
{
    const std::lock_guard lock{mutex_};
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < channels_.size(); ++i)
        if (channels_[i].connected) out.push_back(i);
    return out;
}

void trust::connected(std::size_t channel, bool tracked, boot_time now)
{
    const std::lock_guard lock{mutex_};
    const bool told = generation_.load(std::memory_order_relaxed) != untold;
    ++changes_;
    // Nothing was read on it before; but with a relay nobody knows yet what has been applied in that Redis.
    channels_.at(channel) = {true, tracked, !relayed_, relayed_ ? boot_time{} : now};
    settle(!told || !tracked);
}

void trust::lost(std::size_t channel)
{
    const std::lock_guard lock{mutex_};
    if (!channels_.at(channel).connected) return;
    ++changes_;
    channels_.at(channel) = {};
    settle(holds(rule::a_lost_connection_ends_the_generation));
}

trust::question trust::asking(boot_time now) const
{
    const std::lock_guard lock{mutex_};
    return {now, watermark_.answered(), changes_.load(std::memory_order_relaxed)};
}

void trust::heard(std::size_t channel, const question& q, const std::string& begin, const std::string& end)
{
    const std::lock_guard lock{mutex_};
    auto& c = channels_.at(channel);
    if (!c.connected) return;
    c.heard = true;
    std::optional proof{q.sent};
    if (relayed_) {
        const bool same_redis = q.changes == changes_.load(std::memory_order_relaxed);
        proof = watermark_.read(q.sent, same_redis ? q.answered : boot_time{}, begin, end);
    }
    if (proof) c.proof = std::max(c.proof, *proof);
    settle(false);
}

void trust::begun(const std::string& id, boot_time now)
{
    const std::lock_guard lock{mutex_};
    watermark_.begun(id, now);
}

void trust::begin_anew()
{
    const std::lock_guard lock{mutex_};
    ++changes_;
    watermark_.forget();
    for (auto& c : channels_) {
        c.heard = c.heard && !relayed_;
        if (relayed_) c.proof = {};
    }
    settle(true);
}

void trust::vouch(boot_time since)
{
    const std::lock_guard lock{mutex_};
    if (generation_.load(std::memory_order_relaxed) == untold) generation_.store(++last_, std::memory_order_release);
    proof_.store(std::max(since, proof_.load(std::memory_order_relaxed)), std::memory_order_release);
}

void trust::settle(bool new_generation)
{
    bool any = false;
    bool told = true;
    auto oldest = boot_time::max();
    for (const auto& c : channels_) {
        if (!c.connected) continue;
        any = true;
        told = told && c.tracked;
        // An invalidation may be confirmed on a channel that nothing is read on; with two masters, by another than the
        // one that is read. So all have to be heard in one epoch.
        if (c.heard || relayed_) oldest = std::min(oldest, c.heard ? c.proof : boot_time{});
    }
    // The proof must not become younger before the generation has ended that it does not hold for.
    if (new_generation) generation_.store(any && told ? ++last_ : untold, std::memory_order_release);
    proof_.store(oldest == boot_time::max() ? boot_time{} : oldest, std::memory_order_release);
}

}  // namespace larder::detail
