// SPDX-License-Identifier: MIT
// The generic cell rate algorithm (a token bucket) in memory; lua/borrow.lua is the same for Redis. Pure: the caller
// passes the time. Source: ITU-T I.371, annex A.
#pragma once

#include <larder/limit.hpp>

namespace larder::detail {

/// Returns the time between two tokens.
inline boot_time::duration interval_of(const limit_rule& r) noexcept
{
    return std::chrono::duration_cast<boot_time::duration>(r.window) / r.quota;
}

class gcra {
 public:
    limit_decision take(const limit_rule& r, boot_time now)
    {
        const auto interval = interval_of(r);
        arrival_ = std::max(arrival_, now);
        const auto free = (interval * r.burst - (arrival_ - now)) / interval;
        limit_decision d;
        d.allowed = free > 0;
        if (d.allowed) arrival_ += interval;
        d.remaining = static_cast<std::uint32_t>(d.allowed ? free - 1 : 0);
        // The time until `remaining + 1` tokens are available.
        const auto next = arrival_ - now - interval * (r.burst - d.remaining - 1);
        d.retry_after = std::chrono::ceil<std::chrono::milliseconds>(std::max(next, boot_time::duration{}));
        return d;
    }

 private:
    boot_time arrival_{};  ///< theoretical arrival time: when the bucket will be full again
};

}  // namespace larder::detail
