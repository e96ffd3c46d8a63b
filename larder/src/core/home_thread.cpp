// SPDX-License-Identifier: MIT
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
            "larder: this process was forked from the one that made the cache or client, whose threads and connections "
            "it does not have; make it after fork()"};
}

void home_thread::settle(::pthread_t here)
{
    ::pthread_t nobody = 0;
    if (first_.compare_exchange_strong(nobody, here)) return;
    throw std::logic_error{
        "larder: a second thread runs the io_context of a cache or client; one thread runs it, and larder::runtime has "
        "a loop for each of several"};
}

}  // namespace larder::detail
