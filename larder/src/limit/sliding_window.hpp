// SPDX-License-Identifier: MIT
// The exact sliding window in memory: a list of the times of the admitted hits that are still in the window. Pure: the
// caller passes the time. lua/window.lua is the same for Redis.
#pragma once

#include <algorithm>
#include <cstdint>
#include <larder/limit.hpp>
#include <vector>

namespace larder::detail {

class sliding_window {
 public:
    limit_decision take(const limit_rule& r, boot_time now)
    {
        const auto inside = std::upper_bound(admitted_.begin(), admitted_.end(), now - r.window);
        admitted_.erase(admitted_.begin(), inside);
        limit_decision d;
        d.allowed = admitted_.size() < r.quota;
        if (d.allowed) admitted_.push_back(now);
        d.remaining = r.quota - static_cast<std::uint32_t>(admitted_.size());
        d.retry_after = std::chrono::ceil<std::chrono::milliseconds>(admitted_.front() + r.window - now);
        return d;
    }
    /// Removes the newest hit.
    void refund() noexcept
    {
        if (!admitted_.empty()) admitted_.pop_back();
    }
    std::size_t heap_bytes() const noexcept { return admitted_.capacity() * sizeof(boot_time); }

 private:
    std::vector<boot_time> admitted_;
};

}  // namespace larder::detail
