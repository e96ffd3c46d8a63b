// SPDX-License-Identifier: MIT
// The checks of larder/home_thread.hpp and the texts of their exceptions. Forks are counted by a pthread_atfork
// handler.
#include <larder/home_thread.hpp>
#include <stdexcept>

namespace larder::detail {
namespace {

std::atomic<unsigned> forks_of_this{0};

}  // namespace

unsigned forks() noexcept
{
    static const int watched = ::pthread_atfork(nullptr, nullptr, [] { ++forks_of_this; });
    static_cast<void>(watched);
    return forks_of_this.load(std::memory_order_relaxed);
}

void check_fork(unsigned made)
{
    if (forks_of_this.load(std::memory_order_relaxed) != made) [[unlikely]]
        throw std::logic_error{
            "larder: this process was forked after the cache or client was created, and does not have its threads and "
            "connections; create it after fork()"};
}

void home_thread::claim(::pthread_t here)
{
    ::pthread_t nobody = 0;
    if (first_.compare_exchange_strong(nobody, here)) return;
    throw std::logic_error{
        "larder: a second thread runs the io_context of a cache or client; run it on one thread only, or use "
        "larder::runtime, which has one event loop per thread"};
}

}  // namespace larder::detail
