// SPDX-License-Identifier: MIT
// What a cache keeps for each region it has met: its tag and its figures. Lookups take no lock.
#pragma once

#include <array>
#include <atomic>
#include <larder/cache/record.hpp>
#include <larder/cache/stats.hpp>
#include <larder/region.hpp>
#include <memory>
#include <mutex>
#include <vector>

#include "bulkhead.hpp"
#include "spread_counter.hpp"
#include "tag_table.hpp"

namespace larder::detail {

/// Durations in steps of a quarter of a power of two, from 1 us.
class duration_histogram {
 public:
    void add(std::chrono::microseconds d) noexcept;
    /// The duration that a part `q` of all do not exceed, ms; 0 when there are none.
    double quantile(double q) const noexcept;
    double seconds() const noexcept { return static_cast<double>(sum_us_.load()) / 1e6; }

 private:
    std::array<std::atomic<std::uint32_t>, 128> counts_{};
    std::atomic<std::uint64_t> sum_us_ = 0;
};

struct region_state {
    region_state(const region_base& r, std::shared_ptr<tag_slot> all, std::shared_ptr<tag_slot> own, std::size_t queue)
        : region{r}, everything{std::move(all)}, tag{std::move(own)}
    {
        if (r.options().load.at_once > 0) loads_here.emplace(r.options().load.at_once, queue);
    }
    const region_base& region;
    const std::shared_ptr<tag_slot> everything;  ///< carried by the entries of all regions
    const std::shared_ptr<tag_slot> tag;         ///< carried by all entries of this one

    std::optional<bulkhead> loads_here;  ///< none: the loads share the cache's places

    spread_counter hits_local;
    spread_counter stale;
    std::atomic<std::uint64_t> hits_shared = 0;
    std::atomic<std::uint64_t> misses = 0;
    std::atomic<std::uint64_t> negative = 0;
    std::atomic<std::uint64_t> coalesced = 0;
    std::atomic<std::uint64_t> loads = 0;
    std::atomic<std::uint64_t> load_failures = 0;
    std::atomic<std::uint64_t> refused = 0;
    std::atomic<std::uint64_t> corrupt = 0;
    std::atomic<std::uint64_t> oversized = 0;
    std::atomic<std::uint64_t> redis_failures = 0;
    duration_histogram load_time;
    local_usage local;

    region_stats stats() const;
};

/// The tags that no program can name: of everything, and of a region.
inline constexpr std::string_view tag_of_everything = "@";
inline std::string tag_of(const region_base& r) { return "@" + std::string{r.pattern()}; }

class region_table {
 public:
    /// `queue`: how many loads of a region with places of its own may wait for one.
    region_table(tag_table& tags, std::size_t queue) : tags_{tags}, queue_{queue} {}
    /// Throws std::length_error for more than 512 regions.
    region_state& of(const region_base& r);
    std::vector<const region_state*> all() const;

 private:
    static constexpr std::size_t places = 1024;
    region_state& add(const region_base& r);
    static std::size_t place_of(const region_base& r) noexcept;

    tag_table& tags_;
    const std::size_t queue_;
    mutable std::mutex mutex_;
    std::array<std::atomic<region_state*>, places> table_{};
    std::vector<std::unique_ptr<region_state>> states_;
};

}  // namespace larder::detail
