// SPDX-License-Identifier: MIT
// Keys and tags whose invalidation has begun and is not confirmed by Redis: until then this process takes nothing of
// theirs from Redis and puts nothing there. Thread-safe. (Another Redis that takes over may not know of what the first
// one has confirmed; with a relay it is believed only from a proof on that is younger than the change of servers.)
#pragma once

#include <algorithm>
#include <atomic>
#include <iterator>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace larder::detail {

class pending_invalidations {
 public:
    /// `all`: the Redis key that stands for all others when they become too many.
    explicit pending_invalidations(std::string all) : everything{std::move(all)} {}
    const std::string everything;
    static constexpr std::size_t most = 10'000;

    /// What is waited for, as Redis keys.
    void enter(const std::vector<std::string>& keys)
    {
        const std::lock_guard lock{mutex_};
        for (const auto& k : keys) ++keys_[k];
        size_.store(keys_.size(), std::memory_order_release);
    }
    void leave(const std::vector<std::string>& keys)
    {
        const std::lock_guard lock{mutex_};
        for (const auto& k : keys) {
            const auto found = keys_.find(k);
            if (found != keys_.end() && --found->second == 0) keys_.erase(found);
        }
        size_.store(keys_.size(), std::memory_order_release);
    }
    std::size_t size() const noexcept { return size_.load(std::memory_order_acquire); }
    bool holds(const std::string& key)
    {
        if (size() == 0) return false;
        const std::lock_guard lock{mutex_};
        return keys_.contains(key) || keys_.contains(everything);
    }

    /// Those that are to be tried again. True: nobody is at it yet, and the caller is now.
    bool put_off(std::vector<std::string> keys)
    {
        const std::lock_guard lock{mutex_};
        for (auto& k : keys) put_off_.push_back(std::move(k));
        if (put_off_.size() > most) {
            put_off_.assign(1, everything);
            keys_.clear();
            keys_[everything] = 1;
            size_.store(1, std::memory_order_release);
        }
        return !std::exchange(retrying_, true);
    }
    /// Up to `n` of those that were put off; none: the caller is done.
    std::vector<std::string> next(std::size_t n)
    {
        const std::lock_guard lock{mutex_};
        n = std::min(n, put_off_.size());
        std::vector<std::string> out{std::make_move_iterator(put_off_.end() - static_cast<std::ptrdiff_t>(n)),
                                     std::make_move_iterator(put_off_.end())};
        put_off_.resize(put_off_.size() - n);
        if (n == 0) retrying_ = false;
        return out;
    }

 private:
    std::mutex mutex_;
    std::map<std::string, std::size_t, std::less<>> keys_;
    std::atomic<std::size_t> size_ = 0;
    std::vector<std::string> put_off_;
    bool retrying_ = false;
};

}  // namespace larder::detail
