// SPDX-License-Identifier: MIT
// Decides how long this process may serve values that it has read from Redis. Pure state: connections report events,
// and nothing is sent from here.
// A channel is one tracked connection, of one event loop. Redis pushes on it, in order with the replies, the names of
// keys that were read on it and have changed. So once the reply to a heartbeat arrives, every invalidation from before
// the heartbeat was sent has been delivered: the channel is confirmed fresh as of that time.
#pragma once

#include <array>
#include <atomic>
#include <larder/clock.hpp>
#include <mutex>
#include <vector>

#include "watermark.hpp"

namespace larder::detail {

/// Invariants: fresh_as_of() is the oldest of the times of all channels, and the generation ends when any channel is
/// lost, meets another epoch, or learns that all keys may have changed. So a hit checks only two numbers, whatever
/// channels its value and its tags came by: a value may be served in its own generation, as long as
/// max(fresh_as_of(), start of its load) > now - bound.
/// With a relay, delivery is not enough, because a committed invalidation must also have been applied in Redis. Then a
/// heartbeat confirms only the time of the watermark that it reads.
class freshness {
 public:
    static constexpr std::size_t most_channels = 64;
    static constexpr std::uint64_t untracked = 0;  ///< the generation in which Redis does not report changes
    static constexpr std::chrono::milliseconds beat{500};

    explicit freshness(std::chrono::milliseconds bound, bool relayed = false) : bound_{bound}, relayed_{relayed} {}

    /// Must be captured before a read is sent. `untracked`: changes of what is read will not be reported, so it is
    /// fresh only for the bound from its own load.
    std::uint64_t generation() const noexcept { return generation_.load(std::memory_order_acquire); }
    /// Returns whether a value that was read in this generation, and whose changes Redis reports, may be served.
    bool is_fresh(std::uint64_t generation, boot_time now) const noexcept
    {
        return generation != untracked && generation == generation_.load(std::memory_order_acquire) &&
               now < fresh_as_of() + bound_;
    }
    /// The number of pushes so far. A reply is newer than every push that was counted when it was parsed.
    std::uint64_t pushes() const noexcept { return pushes_.load(std::memory_order_acquire); }
    std::uint64_t count_push() noexcept { return ++pushes_; }
    /// Grows with every event that may affect a read in flight: a new or lost connection, or another epoch.
    std::uint64_t changes() const noexcept { return changes_.load(std::memory_order_acquire); }
    boot_time fresh_as_of() const noexcept { return fresh_as_of_.load(std::memory_order_acquire); }
    /// Must be called on every read. Returns whether it is time to send a heartbeat on all channels: true once per
    /// beat.
    bool heartbeat_due(boot_time now) noexcept
    {
        auto next = next_.load(std::memory_order_relaxed);
        if (now < next || !next_.compare_exchange_strong(next, now + beat, std::memory_order_relaxed)) return false;
        record_use(now);
        return true;
    }
    /// Records that the cache is in use.
    void record_use(boot_time now) noexcept { used_.store(now, std::memory_order_relaxed); }
    /// The time of the last use, with the precision of a beat.
    boot_time last_used() const noexcept { return used_.load(std::memory_order_relaxed); }

    /// The channels that are connected.
    std::vector<std::size_t> channels() const;

    // Events of connections. A channel's number is that of its loop.
    void connected(std::size_t channel, bool tracked, boot_time now);
    void lost(std::size_t channel);
    /// The state when a heartbeat is sent.
    struct sent_heartbeat {
        boot_time sent{};
        boot_time answered{};  ///< when the latest heartbeat was sent that has been answered already
        std::uint64_t changes = 0;
    };
    /// Must be called before a heartbeat is sent; the result is passed to heartbeat_answered().
    sent_heartbeat begin_heartbeat(boot_time now) const;
    /// The reply to a heartbeat has arrived. With a relay it contains the two ids of the watermark.
    void heartbeat_answered(std::size_t channel, const sent_heartbeat& h, const std::string& begin = {},
                            const std::string& end = {});
    /// This process's relay is about to write this id as the watermark's begin.
    void relay_began(const std::string& id, boot_time now);
    /// All keys may have changed, or this is another Redis. Ends the generation.
    void reset();
    /// For a cache without Redis: what other processes changed before `since` has been invalidated here.
    void confirm_applied(boot_time since);

 private:
    struct channel_state {
        bool connected = false;
        bool tracked = false;
        bool answered = false;  ///< it has answered a heartbeat; before that, nothing that is read on it is used
        boot_time fresh_as_of{};
    };
    void settle(bool new_generation);

    const std::chrono::milliseconds bound_;
    const bool relayed_;
    mutable std::mutex mutex_;
    std::array<channel_state, most_channels> channels_{};
    watermark watermark_;
    std::uint64_t last_ = untracked;  ///< the last generation that was given out
    std::atomic<std::uint64_t> generation_ = untracked;
    std::atomic<std::uint64_t> changes_ = 0;
    std::atomic<std::uint64_t> pushes_ = 0;
    std::atomic<boot_time> fresh_as_of_{boot_time{}};
    std::atomic<boot_time> next_{boot_time::min()};
    std::atomic<boot_time> used_{boot_time{}};
};

}  // namespace larder::detail
