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

void trust::connected(std::size_t channel, bool tracked, steady_time now)
{
    const std::lock_guard lock{mutex_};
    const bool told = generation_.load(std::memory_order_relaxed) != untold;
    ++changes_;
    channels_.at(channel) = {true, tracked, now};  // nothing was read on it before
    settle(!told || !tracked);
}

void trust::lost(std::size_t channel)
{
    const std::lock_guard lock{mutex_};
    if (!channels_.at(channel).connected) return;
    ++changes_;
    channels_.at(channel) = {};
    settle(true);
}

void trust::heard(std::size_t channel, steady_time sent)
{
    const std::lock_guard lock{mutex_};
    auto& c = channels_.at(channel);
    if (!c.connected) return;
    c.proof = std::max(c.proof, sent);
    settle(false);
}

void trust::begin_anew()
{
    const std::lock_guard lock{mutex_};
    ++changes_;
    settle(true);
}

void trust::settle(bool new_generation)
{
    bool told = true;
    auto oldest = steady_time::max();
    for (const auto& c : channels_) {
        if (!c.connected) continue;
        told = told && c.tracked;
        oldest = std::min(oldest, c.proof);
    }
    told = told && oldest != steady_time::max();
    // The proof must not become younger before the generation has ended that it does not hold for.
    if (new_generation) generation_.store(told ? ++last_ : untold, std::memory_order_release);
    proof_.store(told ? oldest : steady_time{}, std::memory_order_release);
}

}  // namespace larder::detail
