// SPDX-License-Identifier: MIT
// The script in lua/, embedded into the library by embed_lua() in cmake/modules.cmake.
#pragma once

#include <larder/redis/script.hpp>

namespace larder::detail::lua {

extern const redis::script index_session;

}  // namespace larder::detail::lua
