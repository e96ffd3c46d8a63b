// SPDX-License-Identifier: MIT
// What works on an event loop without locks has one thread at home in it, in one process. The two mistakes that would
// corrupt memory or hang, an io_context that several threads run and a fork, are errors that name the rule.
#pragma once

#include <pthread.h>

#include <atomic>

namespace larder::detail {

/// Grows in a child by each fork() that made it.
unsigned forks() noexcept;

/// Throws std::logic_error when this process was forked since `made`, a value of forks().
void check_fork(unsigned made);

/// Thread-safe.
class home_thread {
 public:
    /// To be called on a thread that runs the loop. Throws std::logic_error on any but the first, and in a fork.
    void check()
    {
        check_fork(made_);
        const auto here = ::pthread_self();
        if (first_.load(std::memory_order_relaxed) != here) [[unlikely]]
            settle(here);
    }

 private:
    void settle(::pthread_t here);

    const unsigned made_ = forks();
    std::atomic<::pthread_t> first_ = 0;
};

}  // namespace larder::detail
