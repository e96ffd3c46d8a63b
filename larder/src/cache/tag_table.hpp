// SPDX-License-Identifier: MIT
// What this process knows about tags. Each tag has a slot with a number, which grows whenever the tag is invalidated
// or its version in Redis turns out to have changed. A value carries the numbers of its tags from before its load
// (tag_stamp) and is valid while all of them are unchanged: see still_valid().
// A slot also caches the tag's version in Redis, with the time of the read and the channel (tracked connection, see
// freshness.hpp) that it came by, because Redis reports changes of the tag on that channel only. Thread-safe.
#pragma once

#include <larder/cache/record.hpp>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "envelope.hpp"

namespace larder::detail {

struct tag_slot {
    explicit tag_slot(std::string name) : text{std::move(name)} {}

    const std::string text;
    std::atomic<std::uint64_t> number = 1;

    /// The tag's version as it was last read from Redis.
    struct knowledge {
        tag_version version{};
        boot_time asked{};             ///< when the read was sent
        boot_time confirmed_as_of{};   ///< the version reflects every invalidation from before this time
        std::uint64_t generation = 0;  ///< generation of the read; once it has ended, changes are no longer reported
        int channel = -1;              ///< the channel that the reply arrived on, and that reports changes
    };
    std::mutex mutex;
    std::optional<knowledge> known;
    boot_time invalidated{};            ///< time of the last invalidate(); results of earlier reads are ignored
    std::vector<std::uint64_t> pushed;  ///< by channel: number of the last push; replies parsed before it are ignored

    struct reading {
        tag_version version{};
        std::uint64_t number = 0;  ///< the slot's number that corresponds to the version
        boot_time confirmed_as_of{};
    };
    /// Returns the known version if it was read after `since` and in this generation.
    std::optional<reading> known_since(boot_time since, std::uint64_t generation);
    /// Records a version that was read from Redis, and returns the slot's number that corresponds to it; nullopt if
    /// the slot already knows something newer. `pushes`: freshness::pushes() when the reply was parsed.
    std::optional<std::uint64_t> learn(const knowledge& latest, std::uint64_t pushes);
    /// Handles a push from Redis that says that the tag has changed; `push` is its number. Only a version that was read
    /// on the same channel is dropped, because every channel that reads a tag receives a push of its own.
    void on_invalidation_push(int channel, std::uint64_t push);
    /// Invalidates all values that carry the tag.
    void invalidate(boot_time now);
};

/// Returns whether none of these tags has been invalidated since the stamps were taken.
inline bool still_valid(const std::vector<tag_stamp>& stamps) noexcept
{
    for (const auto& s : stamps)
        if (s.slot->number.load(std::memory_order_acquire) != s.number) return false;
    return true;
}

/// All slots by name. Thread-safe. A slot is kept at least as long as a value or a load refers to it.
class tag_table {
 public:
    std::shared_ptr<tag_slot> slot(std::string_view name);
    /// Returns the slot, or null if there is none.
    std::shared_ptr<tag_slot> find(std::string_view name);

 private:
    void drop_unused();

    std::mutex mutex_;
    std::unordered_map<std::string_view, std::shared_ptr<tag_slot>> slots_;  ///< keys are views of tag_slot::text
    std::size_t drop_at_ = 1024;
};

}  // namespace larder::detail
