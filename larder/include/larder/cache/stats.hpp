// SPDX-License-Identifier: MIT
// The statistics of a cache: cache_inspector::stats() returns a cache_stats with counters for each region; explain()
// returns an explanation for one key. Counters only grow; entries, bytes and the percentiles are current values.
#pragma once

#include <boost/describe/class.hpp>
#include <cstdint>
#include <larder/local_cache.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

struct region_stats {
    std::string region;  ///< the region's pattern
    std::uint64_t hits_local = 0;
    std::uint64_t hits_shared = 0;
    std::uint64_t misses = 0;
    std::uint64_t stale = 0;      ///< served past the TTL
    std::uint64_t negative = 0;   ///< hits on negative entries
    std::uint64_t coalesced = 0;  ///< waited for another caller's load
    std::uint64_t loads = 0;
    std::uint64_t load_failures = 0;
    std::uint64_t refused = 0;    ///< loaded but not stored, because it was invalidated meanwhile
    std::uint64_t corrupt = 0;    ///< values in Redis that are not valid entries
    std::uint64_t oversized = 0;  ///< served, but too big to store
    std::uint64_t redis_failures = 0;
    std::uint64_t entries = 0;  ///< in L1, including expired ones that were not removed yet
    std::uint64_t bytes = 0;    ///< size of these entries
    std::uint64_t evicted = 0;  ///< from L1, to make room
    double load_seconds = 0;    ///< total duration of all loads
    double load_p50_ms = 0;     ///< accurate to a factor of 2^(1/4)
    double load_p99_ms = 0;
};
BOOST_DESCRIBE_STRUCT(region_stats, (),
                      (region, hits_local, hits_shared, misses, stale, negative, coalesced, loads, load_failures,
                       refused, corrupt, oversized, redis_failures, entries, bytes, evicted, load_seconds, load_p50_ms,
                       load_p99_ms))

struct cache_stats {
    std::vector<region_stats> regions;
    local_cache_stats local;
    std::uint64_t pending_invalidations = 0;
    bool tracked = false;         ///< Redis pushes invalidations, so its values stay in L1 for their whole TTL
    double freshness_age_ms = 0;  ///< time since all connections were last confirmed fresh
};

struct explanation {
    std::string key;
    std::string region;
    std::string verdict;  ///< one sentence
    std::string local;    ///< in L1: "absent", "fresh", "stale", "invalid", "unproven"
    /// In Redis: "none" (no Redis), "absent", "fresh", "stale", "invalid", "loading", "corrupt", "foreign",
    /// "unreachable".
    std::string shared;
    std::int64_t local_ttl_ms = 0;
    std::int64_t shared_ttl_ms = 0;
    std::int64_t lease_ms = 0;  ///< remaining lease of a load in progress on any node; 0: none
    std::vector<std::string> invalid_tags;
};
BOOST_DESCRIBE_STRUCT(explanation, (),
                      (key, region, verdict, local, shared, local_ttl_ms, shared_ttl_ms, lease_ms, invalid_tags))

}  // namespace larder
