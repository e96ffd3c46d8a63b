// SPDX-License-Identifier: MIT
// Keys and tags whose invalidation has begun but is not confirmed by Redis yet. Until it is, this process neither reads
// them from Redis nor stores them there. Callers enter() and leave() keys; put_off() and next() are the queue of those
// that have to be retried. Thread-safe.
// (A Redis that takes over in a failover may lack invalidations that the old one has confirmed. With a relay, its
// values are not used until a watermark from after the failover confirms them.)
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
    /// `all`: the Redis key that replaces all others when there are too many of them.
    explicit pending_invalidations(std::string all) : everything{std::move(all)} {}
    const std::string everything;
    static constexpr std::size_t most = 10'000;

    /// Adds Redis keys. A key may be entered several times, and then has to leave as often.
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

    /// Queues keys for a retry. Returns true if no retry loop is running; the caller must then start one.
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
    /// Takes up to `n` queued keys. If there are none, the caller's retry loop must end.
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
