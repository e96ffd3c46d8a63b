// SPDX-License-Identifier: MIT
// A load may go on when its caller is gone, and what the pointer points to with it.
#include "fixture.hpp"

#ifdef MISTAKE
using text = const char*;
#else
using text = std::string_view;
#endif

constexpr larder::region<profile(text)> named{"named:{}", {.ttl = std::chrono::hours{1}}};

void read(larder::cache& cache)
{
    auto found = cache.memoize(named, [](text name) { return profile{1, std::string{name}}; });
    (void)found;
}
