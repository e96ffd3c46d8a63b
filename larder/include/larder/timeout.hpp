// SPDX-License-Identifier: MIT
// Deadlines for awaitables: with_timeout(work, 2s) cancels the work when the time is over and throws
// errc::timed_out. It costs a timer per call: connections on the hot path use their loop's coarse timer instead.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <larder/result.hpp>

namespace larder {

/// Suspends for `d`. Cancellation ends it early by boost::system::system_error (operation_aborted).
boost::asio::awaitable<void> sleep_for(std::chrono::steady_clock::duration d);

/// The result of `work`, or boost::system::system_error with errc::timed_out after `limit`. The work is cancelled
/// by Asio's terminal cancellation and has ended when this returns.
template <class T>
boost::asio::awaitable<T> with_timeout(boost::asio::awaitable<T> work, std::chrono::steady_clock::duration limit)
{
    using namespace boost::asio::experimental::awaitable_operators;
    auto winner = co_await (std::move(work) || sleep_for(limit));
    if (winner.index() == 1) throw boost::system::system_error{make_error_code(errc::timed_out)};
    if constexpr (!std::is_void_v<T>) co_return std::get<0>(std::move(winner));
}

}  // namespace larder
