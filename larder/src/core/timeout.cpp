// SPDX-License-Identifier: MIT
// The part of larder/timeout.hpp that is not a template.
#include <boost/asio/steady_timer.hpp>
#include <larder/timeout.hpp>

namespace larder {

boost::asio::awaitable<void> sleep_for(capped<std::chrono::steady_clock::duration> d)
{
    boost::asio::steady_timer timer{co_await boost::asio::this_coro::executor, d};
    co_await timer.async_wait(boost::asio::use_awaitable);
}

}  // namespace larder
