// SPDX-License-Identifier: MIT
// Virtual time for a whole program: it stands still while there is work, and jumps to the next timer when there is
// none. Linked into a program, this replaces the clocks, the waiting in epoll and the sources of randomness, so that
// the real client runs unchanged with its timers and sockets, and the same seed always gives the same run.
#pragma once

#include <cstdint>

namespace larder::simulation {

/// Switches to virtual time and seeds the random numbers. Before the first call, time and randomness are real.
void begin_virtual_time(std::uint64_t seed);
std::int64_t virtual_us() noexcept;
/// The machine's real clocks, for measurements.
double real_seconds() noexcept;
double cpu_seconds() noexcept;

}  // namespace larder::simulation
