// SPDX-License-Identifier: MIT
// Counts operations that are running, on any loops, and lets coroutines wait until there are none: for drain() and
// close(). Thread-safe.
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
    /// Returns the waiters to wake: all of them if this was the last operation, else none.
    [[nodiscard]] std::vector<std::shared_ptr<waiter>> end()
    {
        if (--count_ != 0) return {};
        const std::lock_guard lock{mutex_};
        return std::exchange(waiting_, {});
    }
    /// Waits until no operation is running. Returns false on timeout (`until`).
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
