// SPDX-License-Identifier: MIT
// A library for LD_PRELOAD that changes the clocks of a program. The file that CLOCK_SHIM names holds three 64-bit
// numbers: [0] microseconds; [1] what these mean: 0 if they are added to the wall clock, 1 if they are the wall time
// itself; [2] the microseconds for which the machine was suspended. [2] is added to the boot clock, and to the wall
// clock unless [1] is 1. Writing to the file changes the clocks at once.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <ctime>

static const volatile std::int64_t* setting() noexcept
{
    static const volatile std::int64_t* const mapped = [] {
        static const std::int64_t none[3] = {0, 0, 0};
        const char* path = nullptr;
        for (char** e = environ; *e != nullptr; ++e)
            if (std::strncmp(*e, "CLOCK_SHIM=", 11) == 0) path = *e + 11;
        const int file = path == nullptr ? -1 : ::open(path, O_RDONLY | O_CLOEXEC);
        void* at = file < 0 ? MAP_FAILED : ::mmap(nullptr, sizeof none, PROT_READ, MAP_SHARED, file, 0);
        if (file >= 0) ::close(file);
        return at == MAP_FAILED ? none : static_cast<const std::int64_t*>(at);
    }();
    return mapped;
}

extern "C" int clock_gettime(clockid_t id, timespec* out) noexcept
{
    const auto failed = static_cast<int>(::syscall(SYS_clock_gettime, id, out));
    const bool wall = id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE;
    if (failed != 0 || (!wall && id != CLOCK_BOOTTIME)) return failed;
    const auto* s = setting();
    std::int64_t us = wall ? s[0] : 0;
    if (!wall || s[1] == 0) us += out->tv_sec * 1'000'000 + out->tv_nsec / 1000 + s[2];
    out->tv_sec = us / 1'000'000;
    out->tv_nsec = us % 1'000'000 * 1000;
    return 0;
}

extern "C" int gettimeofday(timeval* out, void*) noexcept
{
    timespec t{};
    ::clock_gettime(CLOCK_REALTIME, &t);
    out->tv_sec = t.tv_sec;
    out->tv_usec = t.tv_nsec / 1000;
    return 0;
}

extern "C" std::time_t time(std::time_t* out) noexcept
{
    timespec t{};
    ::clock_gettime(CLOCK_REALTIME, &t);
    if (out != nullptr) *out = t.tv_sec;
    return t.tv_sec;
}
