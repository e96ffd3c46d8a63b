// SPDX-License-Identifier: MIT
// A simulated deployment under faults: three nodes with the real cache and the real Redis client, models of Redis and
// of the database, and an oracle that checks every read against the history of writes. The seed determines everything.
// Start at run_world().
#pragma once

#include <array>
#include <boost/describe/enum.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace larder::simulation {

BOOST_DEFINE_ENUM_CLASS(fault, cut, hole, late, split, evict, stranger, flush, failover, split_brain, old_file, kill,
                        kill_at_step, database_away, database_slow, clock_step, no_tracking, stall, rest)

struct settings {
    std::uint64_t seed = 1;
    int seconds = 40;  ///< duration in virtual time
    int watch = -1;    ///< an object whose history is printed on standard error; -1: none
};

struct report {
    std::uint64_t reads = 0;
    std::uint64_t hits_local = 0;
    std::uint64_t hits_shared = 0;
    std::uint64_t loaded = 0;
    std::uint64_t failed = 0;  ///< reads whose load failed
    std::uint64_t strict = 0;  ///< reads that were checked against the promise of strict regions
    std::uint64_t writes = 0;
    std::uint64_t trace = 0;  ///< hash of all events
    std::array<std::uint64_t, 18> faults{};
    std::vector<std::string> broken;  ///< descriptions of broken promises
};

/// Runs one world to its end, in virtual time. May be called only once in a process.
report run_world(const settings& s);

}  // namespace larder::simulation
