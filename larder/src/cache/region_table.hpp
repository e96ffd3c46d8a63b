// SPDX-License-Identifier: MIT
// The per-region state of a cache: the region's tags, its bulkhead and its metrics.
// region_table::of() finds the state of a region and creates it on first use. Lookups take no lock; only the first use
// of a region does. States are never removed, so references to them stay valid as long as the table.
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

/// A histogram of durations. The bucket boundaries grow by a factor of 2^(1/4), starting at 1 us.
class duration_histogram {
 public:
    void add(std::chrono::microseconds d) noexcept;
    /// The `q`-quantile (0 to 1), in ms; 0 if nothing was added yet.
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
    const std::shared_ptr<tag_slot> everything;  ///< the tag that every entry of every region carries
    const std::shared_ptr<tag_slot> tag;         ///< the tag that every entry of this region carries

    std::optional<bulkhead> loads_here;  ///< nullopt: loads of this region use the bulkhead of the whole cache

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

/// The built-in tags of all entries and of one region. Tags of applications begin with a letter, so they cannot clash.
inline constexpr std::string_view tag_of_everything = "@";
inline std::string tag_of(const region_base& r) { return "@" + std::string{r.pattern()}; }

class region_table {
 public:
    /// `queue`: the number of loads that may wait in a region that has its own bulkhead.
    region_table(tag_table& tags, std::size_t queue) : tags_{tags}, queue_{queue} {}
    /// Returns the state of the region; creates it on first use. Throws std::length_error above 512 regions.
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
