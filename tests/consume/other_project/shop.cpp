// SPDX-License-Identifier: MIT
// The shared library that uses larder's cache.
#include "shop.hpp"

#include <larder/cache.hpp>
#include <larder/limit.hpp>
#include <larder/session.hpp>

namespace {
constexpr larder::region<int(int)> prices{"shop:price:{}", {.ttl = std::chrono::hours{1}}};
}

std::size_t size_of_asios_memory() { return sizeof(boost::asio::detail::thread_info_base); }

std::string read_twice(const std::string& redis)
{
    boost::asio::io_context io;
    larder::cache cache{io, redis};
    std::string out;
    auto read = [&]() -> boost::asio::awaitable<void> {
        co_await cache.invalidate(prices(1));
        for (int i = 0; i < 2; ++i) {
            const auto price = co_await cache.get_or_load(prices(1), [] { return 7; });
            out += std::to_string(*price) + ", " + std::string{to_string(price.status())} + (i == 0 ? "; " : "");
        }
        const auto left = co_await cache.close();
        if (!left.none()) out += "; some work is unfinished";
    };
    boost::asio::co_spawn(io, read(), [](std::exception_ptr e) {
        if (e) std::rethrow_exception(e);
    });
    io.run();
    return out;
}
