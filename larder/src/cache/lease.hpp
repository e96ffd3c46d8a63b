// SPDX-License-Identifier: MIT
// The right to load one entry, granted by Redis to one process at a time. Whoever drops a lease releases it: in the
// background, so that nobody waits for it except drain() and close(). A fill ends the lease in Redis, too: spend().
// A lease that cannot be released (Redis is unreachable, the runtime is stopping) expires by itself after
// cache_options::lease.
#pragma once

#include "core.hpp"

namespace larder::detail {

class lease {
 public:
    /// No lease.
    lease() = default;
    /// The lease of the Redis key `key` that was granted to `token`.
    lease(std::shared_ptr<cache::core> c, std::string_view key, std::string_view token)
        : core_{std::move(c)}, key_{key}, token_{token}
    {}
    lease(lease&&) noexcept = default;
    lease& operator=(lease&& other) noexcept;
    ~lease() { release(); }

    explicit operator bool() const noexcept { return core_ != nullptr; }
    /// Extends the lease to its full duration, in the background.
    void renew() const noexcept;
    /// Releases the lease. No process may load the entry until `retry_after` has passed.
    void release(std::chrono::milliseconds retry_after = std::chrono::milliseconds{0}) noexcept;
    /// The caller ends the lease with a fill.
    void spend() noexcept { core_ = nullptr; }

 private:
    std::shared_ptr<cache::core> core_;
    std::string key_;
    std::string token_;
};

}  // namespace larder::detail
