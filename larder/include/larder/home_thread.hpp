// SPDX-License-Identifier: MIT
// Checks that an object without locks is used by one thread of one process. Running its io_context on several threads,
// or using it after fork(), would corrupt memory or hang; these checks turn both mistakes into an exception that
// explains the rule.
#pragma once

#include <pthread.h>

#include <atomic>

namespace larder::detail {

/// Returns how many times fork() was called between the process that first called this function and the current one.
unsigned forks() noexcept;

/// Throws std::logic_error if the process was forked since forks() returned `made`.
void check_fork(unsigned made);

/// Remembers the first thread that calls check(). Thread-safe.
class home_thread {
 public:
    /// Call it on the thread that runs the event loop. Throws std::logic_error on any thread but the first, and in a
    /// forked child.
    void check()
    {
        check_fork(made_);
        const auto here = ::pthread_self();
        if (first_.load(std::memory_order_relaxed) != here) [[unlikely]]
            claim(here);
    }

 private:
    void claim(::pthread_t here);

    const unsigned made_ = forks();
    std::atomic<::pthread_t> first_ = 0;
};

}  // namespace larder::detail
