// SPDX-License-Identifier: MIT
// The scripts in lua/, embedded into the library by embed_lua() in cmake/modules.cmake.
#pragma once

#include <larder/redis/script.hpp>

namespace larder::detail::lua {

extern const redis::script borrow;
extern const redis::script window;

}  // namespace larder::detail::lua
