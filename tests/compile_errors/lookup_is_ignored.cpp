// SPDX-License-Identifier: MIT
// The result of get() must not be ignored. g++ 12 does not detect this through a co_await.
#include "fixture.hpp"

boost::asio::awaitable<void> read(larder::cache& cache)
{
#ifdef MISTAKE
    co_await cache.get(profiles(1));
#else
    (void)co_await cache.get(profiles(1));
#endif
}
