// SPDX-License-Identifier: MIT
// What the shared library gives, without a word of larder.
#pragma once

#include <string>

/// Of Asio's memory of a thread, as the library sees it: another size elsewhere in a program corrupts it.
std::size_t size_of_asios_memory();
/// Reads a price twice through a cache on this Redis; "7, loaded; 7, hit_local".
std::string read_twice(const std::string& redis);
