// SPDX-License-Identifier: MIT
// invalidate() does nothing unless it is awaited.
#include "fixture.hpp"

boost::asio::awaitable<void> write(larder::cache& cache)
{
#ifdef MISTAKE
    cache.invalidate(profiles(1));
#else
    co_await cache.invalidate(profiles(1));
#endif
    co_return;
}
