// SPDX-License-Identifier: MIT
// The interface of the shared library; it does not include larder's headers.
#pragma once

#include <string>

/// Returns the size of Asio's per-thread data as compiled into the library. If it differs in another part of a program,
/// that memory is corrupted.
std::size_t size_of_asios_memory();
/// Reads a price twice through a cache on this Redis and returns "7, loaded; 7, hit_local".
std::string read_twice(const std::string& redis);
