// SPDX-License-Identifier: MIT
// The scripts in lua/ as constants. embed_lua() in cmake/modules.cmake generates their definitions. All of them are
// idempotent.
#pragma once

#include <larder/redis/script.hpp>

namespace larder::detail::lua {

extern const redis::script acquire;
extern const redis::script fill;
extern const redis::script heartbeat;
extern const redis::script relay_begin;
extern const redis::script relay_end;
extern const redis::script relay_epoch;
extern const redis::script release;
extern const redis::script renew;
extern const redis::script tag;

}  // namespace larder::detail::lua
