// SPDX-License-Identifier: MIT
// The result of with_local() must not be ignored, because it says whether the function was called.
#include "fixture.hpp"

void read(larder::cache& cache)
{
#ifdef MISTAKE
    cache.with_local(profiles(1), [](const profile&) {});
#else
    (void)cache.with_local(profiles(1), [](const profile&) {});
#endif
}
