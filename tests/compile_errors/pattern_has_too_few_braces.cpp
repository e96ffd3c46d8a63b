// SPDX-License-Identifier: MIT
// A region's pattern has one {} for each field.
#include "fixture.hpp"

#ifdef MISTAKE
constexpr larder::region<profile(std::int64_t, int)> pages{"page:{}", {.ttl = std::chrono::hours{1}}};
#else
constexpr larder::region<profile(std::int64_t, int)> pages{"page:{}:{}", {.ttl = std::chrono::hours{1}}};
#endif
