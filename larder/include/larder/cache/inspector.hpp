// SPDX-License-Identifier: MIT
// Looks into a cache: for administrators, metrics and tests. Nothing here changes what readers get.
#pragma once

#include <functional>
#include <larder/cache.hpp>
#include <larder/cache/stats.hpp>
#include <string>
#include <vector>

namespace larder {

/// Copyable and cheap, as a reference is. Thread-safe. Requires: the cache outlives this object.
class cache_inspector {
 public:
    explicit cache_inspector(const cache& of) : cache_{of} {}

    cache_stats stats() const;
    /// Reports what would be served for a key, and why.
    boost::asio::awaitable<explanation> explain(entry_key k) const;
    /// Returns the regions that have been used or declared so far. The pointers are valid as long as the program runs.
    std::vector<const region_base*> regions() const;
    /// Returns up to `most` keys of a region that begin with `prefix`, in no particular order, from Redis (by SCAN) if
    /// there is one, otherwise from L1. Keys that do not parse as keys of the region, and Redis values that are not
    /// cache entries, are left out. Visits every key.
    boost::asio::awaitable<std::vector<entry_key>> keys(const region_base& in, std::string prefix,
                                                        std::size_t most) const;
    /// Sets a function that is called after each command that the cache sends, on any event loop. Set it before the
    /// cache is used.
    void on_redis_command(std::function<void(const redis::command_record&)> f) const;

 private:
    const cache& cache_;
};

}  // namespace larder
