// SPDX-License-Identifier: MIT
// The semaphore for loads. Invariant: while anybody waits, no permit is free, because leave() passes a returned permit
// directly to the first waiter (`given`) instead of incrementing free_. Start at enter().
#include "bulkhead.hpp"

#include <algorithm>

namespace larder::detail {

bool bulkhead::try_enter()
{
    const std::lock_guard lock{mutex_};
    if (free_ == 0) return false;
    --free_;
    return true;
}

std::shared_ptr<bulkhead::queued> bulkhead::line_up(const boost::asio::any_io_executor& loop)
{
    auto q = std::make_shared<queued>();
    q->who = std::make_shared<waiter>(loop);
    const std::lock_guard lock{mutex_};
    if (free_ > 0) {
        --free_;
        q->given = true;
    } else if (waiting_.size() < queue_) {
        waiting_.push_back(q);
    } else {
        return nullptr;
    }
    return q;
}

bool bulkhead::settle(queued& q)
{
    const std::lock_guard lock{mutex_};
    if (q.given) return true;
    std::erase_if(waiting_, [&](const auto& other) { return other.get() == &q; });
    return false;
}

void bulkhead::leave() noexcept
{
    std::shared_ptr<waiter> next;
    {
        const std::lock_guard lock{mutex_};
        if (waiting_.empty()) {
            ++free_;
            return;
        }
        waiting_.front()->given = true;
        next = waiting_.front()->who;
        waiting_.pop_front();
    }
    waiter::wake(std::move(next));
}

boost::asio::awaitable<bulkhead::place> bulkhead::enter(std::chrono::steady_clock::time_point until)
{
    if (try_enter()) co_return place{this};
    const auto q = line_up(co_await boost::asio::this_coro::executor);
    if (q == nullptr) co_return place{nullptr};
    std::exception_ptr cancelled;
    try {
        if (!q->given) co_await waiter::wait(q->who, until);
    } catch (...) {
        cancelled = std::current_exception();
    }
    // The permit may have been given while the wait was being cancelled; `mine` then returns it.
    place mine{settle(*q) ? this : nullptr};
    if (cancelled) std::rethrow_exception(cancelled);
    co_return mine;
}

}  // namespace larder::detail
