// SPDX-License-Identifier: MIT
// A memoized function must not have a pointer as a key field, because its load may outlive the caller and the object
// that the pointer refers to.
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
