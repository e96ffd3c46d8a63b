// SPDX-License-Identifier: MIT
// Nobody looks at the value. g++ 12 does not see through the co_await.
#include "fixture.hpp"

boost::asio::awaitable<void> read(larder::cache& cache)
{
#ifdef MISTAKE
    co_await cache.get(profiles(1));
#else
    (void)co_await cache.get(profiles(1));
#endif
}
