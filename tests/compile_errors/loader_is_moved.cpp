// SPDX-License-Identifier: MIT
// A moved loader looks to the cache like one that is written inside the co_await.
#include "fixture.hpp"

boost::asio::awaitable<void> read(larder::cache& cache, std::string name)
{
    auto load = [name] { return profile{1, name}; };
    profile p = co_await cache.get_or_load_owned(profiles(1), load);
#ifdef MISTAKE
    p = co_await cache.get_or_load_owned(profiles(1), std::move(load));
#endif
}
