// SPDX-License-Identifier: MIT
// How long this process may believe what it has read from Redis. Pure: connections tell what happened, nothing is sent.
//
// A channel is one tracked connection, of one event loop; Redis pushes on it the names of the keys that were read on it
// and have changed, in order with the replies. Its proof is the latest moment for which it is known that every
// invalidation from before it has been delivered: when the heartbeat was sent whose reply has come. The proof of all is
// the oldest of the channels', and a generation ends when any of them is lost, meets another epoch or is told that
// everything may have changed. So a hit looks at two numbers, whatever channels its value and its tags came by.
// A value answers while max(the proof, its own load's begin) > now - bound, and in its own generation.
//
// With a relay, delivered is not enough: what was committed must have been applied in Redis too. Then a heartbeat's
// proof is the date of the watermark that it reads.
#pragma once

#include <array>
#include <atomic>
#include <larder/clock.hpp>
#include <larder/test_points.hpp>
#include <mutex>
#include <vector>

#include "watermark.hpp"

namespace larder::detail {

class freshness {
 public:
    static constexpr std::size_t most_channels = 64;
    static constexpr std::uint64_t untracked = 0;  ///< a generation in which nobody tells of changes
    static constexpr std::chrono::milliseconds beat{500};

    explicit freshness(std::chrono::milliseconds bound, bool relayed = false) : bound_{bound}, relayed_{relayed} {}

    /// To be captured before a reading is sent; `untracked`: what is read will be proven by nothing.
    std::uint64_t generation() const noexcept { return generation_.load(std::memory_order_acquire); }
    /// Whether a value that was read in this generation, and that Redis tells of, may answer.
    bool is_fresh(std::uint64_t generation, boot_time now) const noexcept
    {
        return generation != untracked && generation == generation_.load(std::memory_order_acquire) &&
               (now < fresh_as_of() + bound_ || !holds(rule::a_proof_ends_with_the_bound));
    }
    /// How many pushes there were; what a reply tells is younger than those that were counted when it was parsed.
    std::uint64_t pushes() const noexcept { return pushes_.load(std::memory_order_acquire); }
    std::uint64_t count_push() noexcept { return ++pushes_; }
    /// Grows whenever something happens that a reading under way may have met.
    std::uint64_t changes() const noexcept { return changes_.load(std::memory_order_acquire); }
    boot_time fresh_as_of() const noexcept { return fresh_as_of_.load(std::memory_order_acquire); }
    /// To be asked with every reading. Whether it is time for a heartbeat on all channels; true once in each beat.
    bool due(boot_time now) noexcept
    {
        auto next = next_.load(std::memory_order_relaxed);
        if (now < next || !next_.compare_exchange_strong(next, now + beat, std::memory_order_relaxed)) return false;
        used(now);
        return true;
    }
    /// Something is read or written.
    void used(boot_time now) noexcept { used_.store(now, std::memory_order_relaxed); }
    /// To a beat.
    boot_time last_used() const noexcept { return used_.load(std::memory_order_relaxed); }

    /// Those on which something may have been read.
    std::vector<std::size_t> channels() const;

    // What connections tell. `channel` is the number of its loop.
    void connected(std::size_t channel, bool tracked, boot_time now);
    void lost(std::size_t channel);
    /// To be captured before a heartbeat is sent.
    struct question {
        boot_time sent{};
        boot_time answered{};  ///< the latest one before it that has been answered was sent then
        std::uint64_t changes = 0;
    };
    question asking(boot_time now) const;
    /// A heartbeat has been answered; with a relay, with the watermark's two ids.
    void heard(std::size_t channel, const question& q, const std::string& begin = {}, const std::string& end = {});
    /// This process's relay is about to write this id as the watermark's begin.
    void begun(const std::string& id, boot_time now);
    /// All keys may have changed, or it is another Redis: what was read until now proves nothing.
    void begin_anew();
    /// Without channels: what others have changed before then has been invalidated here.
    void confirm_applied(boot_time since);

 private:
    struct channel_state {
        bool connected = false;
        bool tracked = false;
        bool heard = false;  ///< nothing is read on it before
        boot_time fresh_as_of{};
    };
    void settle(bool new_generation);

    const std::chrono::milliseconds bound_;
    const bool relayed_;
    mutable std::mutex mutex_;
    std::array<channel_state, most_channels> channels_{};
    watermark watermark_;
    std::uint64_t last_ = untracked;  ///< generation
    std::atomic<std::uint64_t> generation_ = untracked;
    std::atomic<std::uint64_t> changes_ = 0;
    std::atomic<std::uint64_t> pushes_ = 0;
    std::atomic<boot_time> fresh_as_of_{boot_time{}};
    std::atomic<boot_time> next_{boot_time::min()};
    std::atomic<boot_time> used_{boot_time{}};
};

}  // namespace larder::detail
