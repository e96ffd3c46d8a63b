// SPDX-License-Identifier: MIT
// The oracle: decides from the history of writes which values a read may return. The value of an object is its version,
// which grows with each commit. A check takes O(1). Start at check().
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace larder::simulation {

using time_point = std::chrono::steady_clock::time_point;

class oracle {
 public:
    oracle(std::size_t objects, std::chrono::milliseconds bound) : objects_(objects), bound_{bound} {}

    /// Records a commit and returns the new version.
    std::int64_t commit(std::size_t object, time_point now)
    {
        objects_[object].committed.push_back(now);
        return version(object);
    }
    std::int64_t version(std::size_t object) const
    {
        return static_cast<std::int64_t>(objects_[object].committed.size());
    }
    /// Records that the invalidation of this version was reported as confirmed to its writer.
    void confirm(std::size_t object, std::int64_t version)
    {
        objects_[object].confirmed = std::max(objects_[object].confirmed, version);
    }
    std::int64_t confirmed(std::size_t object) const { return objects_[object].confirmed; }

    /// Returns what is wrong with a read that began at `start`; nullopt if nothing is. `own`: the latest version that
    /// was acknowledged on the same node before the read; `confirmed`: for strict reads, the latest one on any node.
    std::optional<std::string> check(std::size_t object, std::int64_t version, time_point start, std::int64_t own,
                                     std::int64_t confirmed) const
    {
        const auto& all = objects_[object].committed;
        const auto next = static_cast<std::size_t>(version);  // the first version is 1
        if (version < 0 || next > all.size()) return "a version that was never committed";
        if (next < all.size() && all[next] < start - bound_) {
            const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(start - all[next]);
            return "older than the bound: " + std::to_string(age.count()) + " ms";
        }
        if (version < own) return "older than the node's own acknowledged write";
        if (version < confirmed) return "older than a confirmed write, in a strict region";
        return std::nullopt;
    }

 private:
    struct history {
        std::vector<time_point> committed;
        std::int64_t confirmed = 0;
    };
    std::vector<history> objects_;
    std::chrono::milliseconds bound_;
};

}  // namespace larder::simulation
