// SPDX-License-Identifier: MIT
// What get_or_load() returns is always there: there is nothing to test, and a cached bool is the value itself.
#include "fixture.hpp"

boost::asio::awaitable<bool> read(larder::cache& cache)
{
    const auto flag = co_await cache.get_or_load(flags(1), [] { return false; });
    if (flag) co_return true;
    const auto got = co_await cache.get_or_load(profiles(1), [] { return profile{1, "Ada"}; });
#ifdef MISTAKE
    if (got) co_return true;
#endif
    co_return got->name.empty();
}
