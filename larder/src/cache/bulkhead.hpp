// SPDX-License-Identifier: MIT
// A semaphore for loads: at most `places` of them run at a time, over all loops; up to `queue` more wait in order of
// arrival. Thread-safe. enter() is where to start.
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

    /// A permit to run one load; returned to the bulkhead on destruction. Converts to false if it is empty.
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

    /// Waits for a permit. Returns an empty place at `until`, or at once if the queue is full. Throws when the
    /// coroutine is cancelled. Requires: the bulkhead outlives the place.
    boost::asio::awaitable<place> enter(std::chrono::steady_clock::time_point until);

 private:
    struct queued {
        std::shared_ptr<waiter> who;
        std::atomic<bool> given = false;
    };
    void leave() noexcept;
    bool try_enter();
    std::shared_ptr<queued> line_up(const boost::asio::any_io_executor& loop);
    /// Returns whether `q` was given a permit; if not, removes it from the queue.
    bool settle(queued& q);

    std::mutex mutex_;
    std::size_t free_;
    std::size_t queue_;
    std::deque<std::shared_ptr<queued>> waiting_;
};

}  // namespace larder::detail
