// SPDX-License-Identifier: MIT
// A loader must not be moved into the call, because the cache cannot distinguish it from one written inside co_await.
#include "fixture.hpp"

boost::asio::awaitable<void> read(larder::cache& cache, std::string name)
{
    auto load = [name] { return profile{1, name}; };
    profile p = co_await cache.get_or_load_owned(profiles(1), load);
#ifdef MISTAKE
    p = co_await cache.get_or_load_owned(profiles(1), std::move(load));
#endif
}
