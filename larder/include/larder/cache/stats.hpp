// SPDX-License-Identifier: MIT
// What a cache tells about itself.
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
    std::string region;  ///< its pattern
    std::uint64_t hits_local = 0;
    std::uint64_t hits_shared = 0;
    std::uint64_t misses = 0;
    std::uint64_t stale = 0;      ///< served past the TTL
    std::uint64_t negative = 0;   ///< hits that say there is none
    std::uint64_t coalesced = 0;  ///< waited for another's load
    std::uint64_t loads = 0;
    std::uint64_t load_failures = 0;
    std::uint64_t refused = 0;    ///< loaded, but not stored: invalidated meanwhile
    std::uint64_t corrupt = 0;    ///< bytes in Redis that were no entry of ours
    std::uint64_t oversized = 0;  ///< served, but too big to be stored
    std::uint64_t redis_failures = 0;
    std::uint64_t entries = 0;  ///< in L1, expired ones that are still there included
    std::uint64_t bytes = 0;    ///< of them
    std::uint64_t evicted = 0;  ///< from L1, for room
    double load_seconds = 0;    ///< of all loads together
    double load_p50_ms = 0;     ///< to a factor of 2^(1/4)
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
    bool tracked = false;         ///< Redis tells of changes: what came from it lives its whole TTL in L1
    double freshness_age_ms = 0;  ///< how long ago that was known of all connections
};

struct explanation {
    std::string key;
    std::string region;
    std::string verdict;  ///< one sentence
    std::string local;    ///< "absent", "fresh", "stale", "invalid", "unproven"
    std::string
        shared;  ///< "none", "absent", "fresh", "stale", "loading", "throttled", "corrupt", "foreign", "unreachable"...
    std::int64_t local_ttl_ms = 0;
    std::int64_t shared_ttl_ms = 0;
    std::int64_t lease_ms = 0;  ///< left of a load that is under way somewhere
    std::vector<std::string> invalid_tags;
};
BOOST_DESCRIBE_STRUCT(explanation, (),
                      (key, region, verdict, local, shared, local_ttl_ms, shared_ttl_ms, lease_ms, invalid_tags))

}  // namespace larder
