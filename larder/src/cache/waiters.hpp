// SPDX-License-Identifier: MIT
// waiter: lets a coroutine of one loop wait until another thread wakes it. The condition, its lock and the list of
// waiters belong to the owner (flight_table, bulkhead, work_count).
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <larder/result.hpp>
#include <memory>

namespace larder::detail {

/// One waiting coroutine.
class waiter {
 public:
    explicit waiter(const boost::asio::any_io_executor& loop) : timer_{loop} {}

    /// Wakes the coroutine. May be called from any thread, once.
    static void wake(std::shared_ptr<waiter> w)
    {
        auto loop = w->timer_.get_executor();
        boost::asio::post(loop, [w = std::move(w)] {
            w->woken_ = true;
            w->timer_.cancel();
        });
    }
    /// Returns true when woken, false at `until`. Throws operation_aborted when the coroutine is cancelled.
    static boost::asio::awaitable<bool> wait(std::shared_ptr<waiter> w, std::chrono::steady_clock::time_point until)
    {
        if (!w->woken_) {
            w->timer_.expires_at(until);
            const auto [failed] = co_await w->timer_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
            if (failed && !w->woken_) throw boost::system::system_error{failed};
        }
        co_return w->woken_;
    }

 private:
    boost::asio::steady_timer timer_;
    bool woken_ = false;  ///< used only on the timer's loop
};

}  // namespace larder::detail
