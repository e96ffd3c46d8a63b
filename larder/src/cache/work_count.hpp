// SPDX-License-Identifier: MIT
// How much of something is under way, on any loops, and waiting for its end: for drain() and close().
#pragma once

#include <atomic>
#include <mutex>
#include <utility>
#include <vector>

#include "waiters.hpp"

namespace larder::detail {

class work_count {
 public:
    explicit work_count(std::size_t n = 0) noexcept : count_{n} {}

    std::size_t size() const noexcept { return count_.load(); }
    void begin() noexcept { ++count_; }
    /// Those who are to be woken, as this was the last.
    [[nodiscard]] std::vector<std::shared_ptr<waiter>> end()
    {
        if (--count_ != 0) return {};
        const std::lock_guard lock{mutex_};
        return std::exchange(waiting_, {});
    }
    /// True: there is none; false: the time is over.
    boost::asio::awaitable<bool> none(std::chrono::steady_clock::time_point until)
    {
        auto w = std::make_shared<waiter>(co_await boost::asio::this_coro::executor);
        {
            const std::lock_guard lock{mutex_};
            if (size() == 0) co_return true;
            waiting_.push_back(w);
        }
        const bool woken = co_await waiter::wait(w, until);
        if (!woken) {
            const std::lock_guard lock{mutex_};
            std::erase(waiting_, w);
        }
        co_return woken;
    }

 private:
    std::atomic<std::size_t> count_;
    std::mutex mutex_;
    std::vector<std::shared_ptr<waiter>> waiting_;
};

}  // namespace larder::detail
