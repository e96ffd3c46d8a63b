// SPDX-License-Identifier: MIT
// Admits at most n coroutines of one event loop at a time. Further coroutines wait in FIFO order, and beyond a limit
// they are rejected. Belongs to one loop; not thread-safe.
#pragma once

#include <agora/storage/completion.hpp>
#include <agora/storage/db.hpp>
#include <deque>

namespace agora::storage::postgres {

class semaphore {
 public:
    semaphore(std::size_t permits, std::size_t waiting_limit) : free_{permits}, waiting_limit_{waiting_limit} {}

    /// Held while inside. On release, its place goes to the coroutine that has waited longest.
    class permit {
     public:
        explicit permit(semaphore& t) : semaphore_{&t} {}
        permit(permit&& other) noexcept : semaphore_{std::exchange(other.semaphore_, nullptr)} {}
        permit& operator=(permit&&) = delete;
        ~permit()
        {
            if (semaphore_ != nullptr) semaphore_->leave();
        }

     private:
        semaphore* semaphore_;
    };

    /// Throws sql_error with errc::busy when too many coroutines are already waiting.
    asio::awaitable<permit> enter()
    {
        if (free_ > 0) {
            --free_;
        } else {
            if (waiting_.size() >= waiting_limit_) {
                throw sql_error{errc::busy, "postgresql: too many calls are waiting"};
            }
            completion admitted;
            const auto start = [&] { waiting_.push_back(&admitted); };
            co_await admitted.wait(start);
        }
        co_return permit{*this};
    }

 private:
    void leave()
    {
        if (waiting_.empty()) {
            ++free_;
            return;
        }
        completion& next = *waiting_.front();
        waiting_.pop_front();
        next.finish(nullptr);  // hands the place over without increasing free_
    }

    std::size_t free_;
    std::size_t waiting_limit_;
    std::deque<completion*> waiting_;
};

}  // namespace agora::storage::postgres
