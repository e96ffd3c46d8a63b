// SPDX-License-Identifier: MIT
// The watermark: the time before which every committed invalidation is known to have been applied in one Redis.
// A relay writes `begin`, a random id; then it takes its snapshot of the outbox, applies it, and sets `end` to that id.
// Every process reads both ids with its heartbeats. Once `end` equals an id, everything that was committed before this
// id was written as `begin` has been applied. The id itself is dated to the sending of the last heartbeat whose reply
// did not show it yet. Checked in tests/models/watermark.pml. Start at read().
#pragma once

#include <array>
#include <larder/clock.hpp>
#include <optional>
#include <string>

namespace larder::detail {

class watermark {
 public:
    /// When the latest heartbeat was sent that has been answered. Must be captured before the next one is sent.
    boot_time answered() const noexcept { return answered_; }
    /// Processes the ids in the reply to a heartbeat. `sent`: when it was sent; `before`: answered() at that time.
    /// Returns the time before which everything is known to have been applied; nullopt if that is not known.
    std::optional<boot_time> read(boot_time sent, boot_time before, const std::string& begin, const std::string& end)
    {
        // This heartbeat was sent after the one of `before` had been answered, so it was executed after it. That one
        // did not show `begin`, so `begin` was written after `before`.
        if (!begin.empty() && date_of(begin) == nullptr) note(begin, before);
        answered_ = std::max(answered_, sent);
        const auto* known = end.empty() ? nullptr : date_of(end);
        return known == nullptr || *known == unknown ? std::nullopt : std::optional{*known};
    }
    /// This process is about to write `id` as `begin`.
    void relay_began(const std::string& id, boot_time now) { note(id, now); }
    /// Forgets all ids, because this is another Redis, or the same one after a restart.
    void forget() { *this = {}; }

 private:
    static constexpr boot_time unknown{};
    struct mark {
        std::string id;
        boot_time date{};
    };
    const boot_time* date_of(const std::string& id) const
    {
        for (const auto& m : marks_)
            if (m.id == id) return &m.date;
        return nullptr;
    }
    void note(const std::string& id, boot_time date)
    {
        marks_[next_] = {id, date};
        next_ = (next_ + 1) % marks_.size();
    }

    std::array<mark, 64> marks_{};
    std::size_t next_ = 0;
    boot_time answered_ = unknown;
};

}  // namespace larder::detail
