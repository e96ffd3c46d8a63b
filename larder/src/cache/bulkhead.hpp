// SPDX-License-Identifier: MIT
// At most so many loads at a time, over all loops; the others wait in turn. Thread-safe.
#pragma once

#include <atomic>
#include <deque>
#include <mutex>
#include <utility>

#include "waiters.hpp"

namespace larder::detail {

class bulkhead {
 public:
    bulkhead(std::size_t places, std::size_t queue) : free_{places}, queue_{queue} {}

    /// Gives its place back when destroyed.
    class place {
     public:
        explicit place(bulkhead* b) noexcept : in_{b} {}
        place(place&& other) noexcept : in_{std::exchange(other.in_, nullptr)} {}
        place& operator=(place&&) = delete;
        ~place()
        {
            if (in_ != nullptr) in_->leave();
        }
        explicit operator bool() const noexcept { return in_ != nullptr; }

     private:
        bulkhead* in_;
    };

    /// An empty place: the time was over, or the queue is full.
    boost::asio::awaitable<place> enter(std::chrono::steady_clock::time_point until);

 private:
    struct queued {
        std::shared_ptr<waiter> who;
        std::atomic<bool> given = false;
    };
    void leave() noexcept;
    bool try_enter();
    std::shared_ptr<queued> line_up(const boost::asio::any_io_executor& loop);
    /// Whether it has its place; else it leaves the queue.
    bool settle(queued& q);

    std::mutex mutex_;
    std::size_t free_;
    std::size_t queue_;
    std::deque<std::shared_ptr<queued>> waiting_;
};

}  // namespace larder::detail
