// SPDX-License-Identifier: MIT
// Replaces functions of libc, OpenSSL and libstdc++ by definitions of its own. epoll_wait() never blocks: when no event
// is ready, it advances the virtual time by the timeout, that is, to Asio's next timer. Start there.
#include "virtual_time.hpp"

#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>

namespace {

bool virtual_now = false;
std::int64_t now_us = 0;
std::mt19937_64 random_numbers;
constexpr std::int64_t wall_us = 1'700'000'000'000'000;  // wall clock minus monotonic clock

double seconds(clockid_t id) noexcept
{
    timespec t{};
    ::syscall(SYS_clock_gettime, id, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

}  // namespace

namespace larder::simulation {

void begin_virtual_time(std::uint64_t seed)
{
    if (!virtual_now) now_us = 3'600'000'000;  // the machine has been up for an hour
    virtual_now = true;
    random_numbers.seed(seed);
}

std::int64_t virtual_us() noexcept { return now_us; }
double real_seconds() noexcept { return seconds(CLOCK_MONOTONIC); }
double cpu_seconds() noexcept { return seconds(CLOCK_PROCESS_CPUTIME_ID); }

}  // namespace larder::simulation

extern "C" int clock_gettime(clockid_t id, timespec* out) noexcept
{
    if (!virtual_now) return static_cast<int>(::syscall(SYS_clock_gettime, id, out));
    const bool wall = id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE;
    const auto us = now_us + (wall ? wall_us : 0);
    out->tv_sec = us / 1'000'000;
    out->tv_nsec = us % 1'000'000 * 1000;
    return 0;
}

// Fails, because without timerfd Asio passes the time to its next timer to epoll_wait().
extern "C" int timerfd_create(int clock, int flags) noexcept
{
    if (!virtual_now) return static_cast<int>(::syscall(SYS_timerfd_create, clock, flags));
    errno = ENOSYS;
    return -1;
}

extern "C" int epoll_wait(int fd, epoll_event* events, int most, int timeout)
{
    const int limit = virtual_now ? 0 : timeout;
    const auto n = static_cast<int>(::syscall(SYS_epoll_wait, fd, events, most, limit));
    if (!virtual_now || n != 0 || timeout == 0) return n;
    if (timeout < 0) {
        std::fputs("the simulation is stuck: there is no work and no timer\n", stderr);
        std::abort();
    }
    now_us += timeout * 1000LL;
    return 0;
}

extern "C" int RAND_bytes(unsigned char* to, int n)
{
    for (int i = 0; i < n; ++i) to[i] = static_cast<unsigned char>(random_numbers());
    return 1;
}

std::random_device::result_type std::random_device::_M_getval() { return static_cast<result_type>(random_numbers()); }
