// SPDX-License-Identifier: MIT
// The result of get() may be a miss, so it does not convert to the value implicitly.
#include "fixture.hpp"

boost::asio::awaitable<void> read(larder::cache& cache)
{
    const auto found = co_await cache.get(profiles(1));
#ifdef MISTAKE
    const profile p = found;
#else
    if (found) const profile p = *found;
#endif
}
