// SPDX-License-Identifier: MIT
// The versions of a post that a read may return. One writer gives the post increasing versions, and records when each
// was acknowledged and by which process; check() compares a read with that record.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace agora::chaos {

using steady_clock = std::chrono::steady_clock;
using time_point = steady_clock::time_point;

inline constexpr std::size_t nodes = 3;

class history {
 public:
    history(std::int64_t i, std::chrono::milliseconds bound) : id{i}, bound_{bound} {}
    const std::int64_t id;

    /// The latest version that a process has acknowledged itself.
    struct own_writes {
        std::uint64_t process = 0;
        std::size_t version = 0;
    };
    own_writes own(std::size_t node)
    {
        const std::lock_guard lock{mutex_};
        return own_[node];
    }
    void acknowledged(std::size_t version, std::size_t node, std::uint64_t process, time_point now)
    {
        const std::lock_guard lock{mutex_};
        acknowledged_.resize(version + 1, time_point::max());
        acknowledged_[version] = now;
        own_[node] = {process, version};
    }
    /// Stops checking this post, because the outcome of a write is unknown: it may still take effect at any later time.
    void stop_checking()
    {
        const std::lock_guard lock{mutex_};
        unchecked_ = true;
    }
    bool is_unchecked()
    {
        const std::lock_guard lock{mutex_};
        return unchecked_;
    }
    /// Returns what is wrong with a read that began at `start`, if anything. `own` is the value of own() at that time,
    /// for the same process.
    std::optional<std::string> check(std::size_t version, time_point start, own_writes own)
    {
        const std::lock_guard lock{mutex_};
        if (unchecked_) return std::nullopt;
        if (version + 1 < acknowledged_.size() && acknowledged_[version + 1] < start - bound_) {
            const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(start - acknowledged_[version + 1]);
            return "replaced " + std::to_string(age.count()) + " ms before";
        }
        if (version < own.version) return "older than the process's own write";
        return std::nullopt;
    }

 private:
    const std::chrono::milliseconds bound_;
    std::mutex mutex_;
    std::vector<time_point> acknowledged_;  ///< time of the acknowledgement, by version; versions begin at 1
    std::array<own_writes, nodes> own_{};
    bool unchecked_ = false;
};

}  // namespace agora::chaos
