// SPDX-License-Identifier: MIT
// A program that runs its own event loop while the shared library runs another. Checks that both use the same Asio.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <iostream>

#include "shop.hpp"

namespace asio = boost::asio;

static asio::awaitable<int> nested(asio::io_context& io, int depth)
{
    asio::steady_timer pause{io, std::chrono::milliseconds{1}};
    co_await pause.async_wait(asio::use_awaitable);
    if (depth == 0) co_return 0;
    const int deeper = co_await nested(io, depth - 1);
    co_return deeper + 1;
}

int main(int, char** argv)
{
    asio::io_context io;
    int done = 0;
    for (int i = 0; i < 20; ++i) asio::co_spawn(io, nested(io, i % 5), [&](std::exception_ptr, int n) { done += n; });
    io.run();
    std::cout << read_twice(argv[1]) << "; " << done << "; "
              << (size_of_asios_memory() == sizeof(asio::detail::thread_info_base) ? "one" : "another") << " Asio\n";
}
