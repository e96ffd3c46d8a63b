// SPDX-License-Identifier: MIT
// How far an invalidation has got.
#pragma once

#include <cstdint>

namespace larder {

/// Whether an invalidation has reached Redis.
enum class invalidation : std::uint8_t {
    confirmed,  ///< no process reads the old value from Redis any more
    pending,    ///< Redis did not reply; done in this process, which retries until it succeeds or the cache is closed
};

}  // namespace larder
