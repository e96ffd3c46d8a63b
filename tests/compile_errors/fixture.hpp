// SPDX-License-Identifier: MIT
// Types and regions for the programs in this folder. Each program contains one mistake, between `#ifdef MISTAKE` and
// `#else` or `#endif`, and compiles without it.
#pragma once

#include <boost/describe/class.hpp>
#include <larder/cache.hpp>
#include <string>

struct profile {
    std::int64_t id = 0;
    std::string name;
};
BOOST_DESCRIBE_STRUCT(profile, (), (id, name))

constexpr larder::region<profile(std::int64_t)> profiles{"profile:{}", {.ttl = std::chrono::hours{1}}};
constexpr larder::region<bool(std::int64_t)> flags{"flag:{}", {.ttl = std::chrono::hours{1}}};
