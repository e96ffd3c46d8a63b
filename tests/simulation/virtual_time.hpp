// SPDX-License-Identifier: MIT
// Virtual time for a whole program: it stands still while there is work, and jumps to the next timer when there is
// none. Linked into a program, it takes the place of the clocks, of epoll's waiting and of the sources of randomness,
// so that the real client, its timers and sockets run unchanged, and the same seed gives the same run.
#pragma once

#include <cstdint>

namespace larder::simulation {

/// From now on; also begins the random numbers anew. Before the first call everything is real.
void begin_virtual_time(std::uint64_t seed);
std::int64_t virtual_us() noexcept;
/// Of the machine's own clock, for measuring.
double real_seconds() noexcept;
double cpu_seconds() noexcept;

}  // namespace larder::simulation
