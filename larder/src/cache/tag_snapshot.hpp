// SPDX-License-Identifier: MIT
// The tags of one entry as a fetch has seen them before its load: the numbers in this process (tag_stamp) and the
// versions in Redis. A value carries both, and is invalid as soon as one of them has changed.
// The path: take_numbers() if Redis is not asked; else begin(), the question to Redis, and complete() with the answer.
// No I/O and no clock.
#pragma once

#include <span>

#include "questions.hpp"
#include "tag_table.hpp"

namespace larder::detail {

class tag_snapshot {
 public:
    explicit tag_snapshot(std::vector<std::shared_ptr<tag_slot>> slots) : slots_{std::move(slots)} {}

    /// Takes the present numbers, without asking Redis.
    void take_numbers();
    /// Begins again. A version that this process has read after `since`, in this generation, is used as it is. Returns
    /// the questions about the others.
    std::vector<tag_question> begin(boot_time since, std::uint64_t generation, std::chrono::milliseconds keep);
    /// Completes the snapshot with the answers to begin()'s questions, which were sent at `asked`. A tag without an
    /// answer makes the snapshot invalid.
    void complete(std::span<const std::optional<tag_version>> answers, const reply_context& from, boot_time asked);

    const std::vector<std::shared_ptr<tag_slot>>& slots() const noexcept { return slots_; }
    const std::vector<tag_stamp>& numbers() const noexcept { return numbers_; }
    const std::vector<tag_version>& versions() const noexcept { return versions_; }
    /// The versions that were not read again reflect every invalidation from before this time.
    boot_time confirmed_as_of() const noexcept { return confirmed_as_of_; }

 private:
    std::vector<std::shared_ptr<tag_slot>> slots_;
    std::vector<tag_stamp> numbers_;
    std::vector<tag_version> versions_;
    std::vector<std::size_t> asked_;                   ///< indices into slots_ of the tags that were asked for
    std::uint64_t generation_ = freshness::untracked;  ///< the generation of begin()
    boot_time confirmed_as_of_ = boot_time::max();
};

}  // namespace larder::detail
