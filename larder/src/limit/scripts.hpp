// SPDX-License-Identifier: MIT
// The Lua files of lua/, compiled into the library by embed_lua() of cmake/modules.cmake.
#pragma once

#include <larder/redis/script.hpp>

namespace larder::detail::lua {

extern const redis::script borrow;
extern const redis::script window;

}  // namespace larder::detail::lua
