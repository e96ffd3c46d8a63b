// SPDX-License-Identifier: MIT
// The pattern of a region must have one {} for each field.
#include "fixture.hpp"

#ifdef MISTAKE
constexpr larder::region<profile(std::int64_t, int)> pages{"page:{}", {.ttl = std::chrono::hours{1}}};
#else
constexpr larder::region<profile(std::int64_t, int)> pages{"page:{}:{}", {.ttl = std::chrono::hours{1}}};
#endif
