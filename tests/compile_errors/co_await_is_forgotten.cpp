// SPDX-License-Identifier: MIT
// Without co_await nothing is invalidated.
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
