// SPDX-License-Identifier: MIT
// What this process knows of tags. A slot's number changes whenever the tag is invalidated, or its version in Redis
// turns out to be another; values carry the numbers they were built under.
#pragma once

#include <larder/cache/record.hpp>
#include <larder/test_points.hpp>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "envelope.hpp"

namespace larder::detail {

struct tag_slot {
    explicit tag_slot(std::string name) : text{std::move(name)} {}

    const std::string text;
    std::atomic<std::uint64_t> number = 1;

    /// What is known of the version in Redis: when the reading of it was sent, and by which channel it came, which is
    /// the one that is told when it changes.
    struct knowledge {
        tag_version version{};
        boot_time asked{};
        boot_time confirmed_as_of{};   ///< it shows all that was invalidated before then
        std::uint64_t generation = 0;  ///< in another one nobody tells of its change
        int channel = -1;
    };
    std::mutex mutex;
    std::optional<knowledge> known;
    boot_time invalidated{};            ///< what was asked earlier tells nothing
    std::vector<std::uint64_t> pushed;  ///< by channel: what was parsed before this push tells nothing

    struct reading {
        tag_version version{};
        std::uint64_t number = 0;  ///< stands for the version
        boot_time confirmed_as_of{};
    };
    /// The version that is known, if it was asked for after `since`, in this generation.
    std::optional<reading> known_since(boot_time since, std::uint64_t generation);
    /// Takes note of what Redis told, and returns the number that stands for that version. nullopt: something newer is
    /// known already. `pushes`: freshness::pushes() when the reply was parsed.
    std::optional<std::uint64_t> learn(const knowledge& latest, std::uint64_t pushes);
    /// Redis told on this channel that it has changed, by this push. What came by another one is that one's business:
    /// whoever reads a tag is told himself.
    void on_invalidation_push(int channel, std::uint64_t push);
    /// Values that carry it are invalid from now on.
    void invalidate(boot_time now);
};

inline bool still_valid(const std::vector<tag_stamp>& stamps) noexcept
{
    if (!holds(rule::a_hits_tags_are_compared)) return true;
    for (const auto& s : stamps)
        if (s.slot->number.load(std::memory_order_acquire) != s.number) return false;
    return true;
}

/// All slots by name. Thread-safe. A slot lives while a value or a load carries it.
class tag_table {
 public:
    std::shared_ptr<tag_slot> slot(std::string_view name);
    /// The slot, if there is one.
    std::shared_ptr<tag_slot> find(std::string_view name);

 private:
    void drop_unused();

    std::mutex mutex_;
    std::unordered_map<std::string_view, std::shared_ptr<tag_slot>> slots_;  ///< the keys are the slots' own texts
    std::size_t drop_at_ = 1024;
};

}  // namespace larder::detail
