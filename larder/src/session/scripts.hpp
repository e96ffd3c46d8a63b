// SPDX-License-Identifier: MIT
// The Lua file of lua/, compiled into the library by embed_lua() of cmake/modules.cmake.
#pragma once

#include <larder/redis/script.hpp>

namespace larder::detail::lua {

extern const redis::script index_session;

}  // namespace larder::detail::lua
