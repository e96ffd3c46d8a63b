// SPDX-License-Identifier: MIT
// A loader that captures by value must not be written inside co_await, because g++ 12 would destroy the captured string
// twice. A loader in a variable, one that captures by reference, and one whose captures have no destructor are safe.
#include "fixture.hpp"

boost::asio::awaitable<void> read(larder::cache& cache, std::string name)
{
    auto load = [name] { return profile{1, name}; };
    profile p = co_await cache.get_or_load(profiles(1), load);
    p = co_await cache.get_or_load(profiles(1), [&] { return profile{1, name}; });
    p = co_await cache.get_or_load_owned(profiles(1), [id = p.id] { return profile{id, "Ada"}; });
#ifdef MISTAKE
    p = co_await cache.get_or_load(profiles(1), [name] { return profile{1, name}; });
#endif
}
