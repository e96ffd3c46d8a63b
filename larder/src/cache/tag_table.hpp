// SPDX-License-Identifier: MIT
// What this process knows of tags. A slot's number changes whenever the tag is invalidated, or its version in Redis
// turns out to be another; values carry the numbers they were built under.
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

    /// What is known of the version in Redis, and when the reading of it was sent.
    struct knowledge {
        tag_version version{};
        steady_time asked{};
    };
    std::mutex mutex;
    std::optional<knowledge> known;
    steady_time invalidated{};  ///< what was asked earlier tells nothing

    struct reading {
        tag_version version{};
        std::uint64_t number = 0;  ///< stands for the version
        steady_time asked{};
    };
    /// The version that is known, if it was asked for after `since`.
    std::optional<reading> known_since(steady_time since);
    /// Takes note of a version that Redis told, and returns the number that stands for it. nullopt: something newer is
    /// known already.
    std::optional<std::uint64_t> learn(const tag_version& version, steady_time asked);
    /// Values that carry it are invalid from now on.
    void invalidate(steady_time now);
};

inline bool still_valid(const std::vector<tag_stamp>& stamps) noexcept
{
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
