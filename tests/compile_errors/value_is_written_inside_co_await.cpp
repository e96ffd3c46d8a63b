// SPDX-License-Identifier: MIT
// A value passed to set() must not be created inside co_await, because g++ 12 would destroy the aggregate twice.
#include "fixture.hpp"

boost::asio::awaitable<void> write(larder::cache& cache)
{
    const profile ada{1, "Ada"};
    co_await cache.set(profiles(1), ada);
    co_await cache.set(flags(1), true);
#ifdef MISTAKE
    co_await cache.set(profiles(1), profile{1, "Ada"});
#endif
}
