// SPDX-License-Identifier: MIT
// What get() returns may be a miss, so it does not turn into the value unasked.
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
