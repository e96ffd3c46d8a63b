// SPDX-License-Identifier: MIT
// Time limits for awaitables: with_timeout(work, 2s) cancels the work after two seconds and throws errc::timed_out. It
// returns only when the work has ended. Each call costs a timer, so connections on the hot path use the coarse timer of
// their event loop instead.
#pragma once

#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <larder/capped.hpp>
#include <larder/result.hpp>
#include <optional>

namespace larder {

/// Suspends for `d`. Cancellation ends the wait early with boost::system::system_error (operation_aborted).
boost::asio::awaitable<void> sleep_for(capped<std::chrono::steady_clock::duration> d);

namespace detail {

template <class T>
boost::asio::awaitable<std::optional<T>> in_optional(boost::asio::awaitable<T> work)
{
    co_return std::optional<T>{co_await std::move(work)};
}

/// Throws the outcome of the operation in race() that finished first: its exception, or errc::timed_out for the limit.
inline void rethrow_first(const std::array<std::size_t, 2>& order, const std::exception_ptr& work,
                          const std::exception_ptr& limit)
{
    if (order[0] == 0 && work) std::rethrow_exception(work);
    if (order[0] == 1 && limit) std::rethrow_exception(limit);
    if (order[0] == 1) throw boost::system::system_error{make_error_code(errc::timed_out)};
}

/// Returns the result of `work`, which runs on `where`; throws errc::timed_out if `limit` finishes first. The slower
/// one is cancelled, and has ended when this returns.
template <class T>
boost::asio::awaitable<T> race(boost::asio::any_io_executor where, boost::asio::awaitable<T> work,
                               boost::asio::awaitable<void> limit)
{
    namespace asio = boost::asio;
    using asio::experimental::wait_for_one;
    const auto here = co_await asio::this_coro::executor;
    if constexpr (std::is_void_v<T>) {
        auto group = asio::experimental::make_parallel_group(asio::co_spawn(where, std::move(work), asio::deferred),
                                                             asio::co_spawn(here, std::move(limit), asio::deferred));
        const auto [order, failed, over] = co_await group.async_wait(wait_for_one(), asio::use_awaitable);
        rethrow_first(order, failed, over);
    } else {
        auto group =
            asio::experimental::make_parallel_group(asio::co_spawn(where, in_optional(std::move(work)), asio::deferred),
                                                    asio::co_spawn(here, std::move(limit), asio::deferred));
        auto [order, failed, value, over] = co_await group.async_wait(wait_for_one(), asio::use_awaitable);
        rethrow_first(order, failed, over);
        co_return *std::move(value);
    }
}

}  // namespace detail

/// Returns the result of `work`; throws boost::system::system_error with errc::timed_out after `limit`. The work is
/// then cancelled with Asio's terminal cancellation, and has ended when this throws.
template <class T>
boost::asio::awaitable<T> with_timeout(boost::asio::awaitable<T> work,
                                       capped<std::chrono::steady_clock::duration> limit)
{
    const auto here = co_await boost::asio::this_coro::executor;
    co_return co_await detail::race(here, std::move(work), sleep_for(limit));
}

}  // namespace larder
