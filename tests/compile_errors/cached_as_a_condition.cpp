// SPDX-License-Identifier: MIT
// get_or_load() always returns a value, so its result must not be tested with `if`. A cached<bool> in a condition is
// the cached bool itself.
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
