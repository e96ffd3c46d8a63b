// SPDX-License-Identifier: MIT
// Since when everything is known to be applied in one Redis. A relay writes `begin`, a random id, then takes its
// snapshot of what is to be invalidated, applies it, and sets `end` to that id. Who reads both from time to time knows:
// what was committed before that `begin` was written is applied once `end` is the same. And it was written after the
// last reading that did not see it yet. Checked in tests/models/watermark.pml.
#pragma once

#include <array>
#include <larder/clock.hpp>
#include <larder/test_points.hpp>
#include <optional>
#include <string>

namespace larder::detail {

class watermark {
 public:
    /// The latest moment at which a reading was sent that has been answered: to be captured before another is sent.
    boot_time answered() const noexcept { return answered_; }
    /// What a reading says that was sent at `sent`, when `before` was answered(). Returns the moment before which all
    /// is known to be applied, if that is known.
    std::optional<boot_time> read(boot_time sent, boot_time before, const std::string& begin, const std::string& end)
    {
        // A reading that was sent after another's answer was made after it: what it is the first to see is younger.
        if (!begin.empty() && date_of(begin) == nullptr)
            note(begin, holds(rule::a_begin_is_dated_to_the_reading_before) ? before : sent);
        answered_ = std::max(answered_, sent);
        const auto* known = end.empty() ? nullptr : date_of(end);
        return known == nullptr || *known == unknown ? std::nullopt : std::optional{*known};
    }
    /// This process is about to write it.
    void begun(const std::string& id, boot_time now) { note(id, now); }
    /// It is another Redis, or another life of it.
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
