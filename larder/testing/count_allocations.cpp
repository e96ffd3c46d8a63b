// SPDX-License-Identifier: MIT
// A library for LD_PRELOAD that counts the heap allocations of a process. The environment variable ALLOCATION_COUNTER
// names an existing file, whose first eight bytes hold the count. Freeing is not counted. Each function below counts
// and then calls glibc's own.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>

namespace {

using counter = std::atomic<std::uint64_t>;

counter& mapped_counter()
{
    static counter unmapped;
    static counter* const mapped = [] {
        const char* path = std::getenv("ALLOCATION_COUNTER");  // NOLINT(concurrency-mt-unsafe): nobody changes it
        const int file = path == nullptr ? -1 : ::open(path, O_RDWR);
        if (file < 0) return &unmapped;
        void* memory = ::mmap(nullptr, sizeof(counter), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        ::close(file);
        return memory == MAP_FAILED ? &unmapped : static_cast<counter*>(memory);
    }();
    return *mapped;
}

void count() { mapped_counter().fetch_add(1, std::memory_order_relaxed); }

}  // namespace

// glibc's own functions, so that no symbol has to be looked up during the first allocation.
// NOLINTBEGIN(bugprone-reserved-identifier): they are reserved for glibc, which made them.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t size)
{
    count();
    return __libc_malloc(size);
}

void* calloc(std::size_t n, std::size_t size)
{
    count();
    return __libc_calloc(n, size);
}

void* realloc(void* p, std::size_t size)
{
    count();
    return __libc_realloc(p, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size)
{
    count();
    return __libc_memalign(alignment, size);
}

int posix_memalign(void** out, std::size_t alignment, std::size_t size)
{
    count();
    *out = __libc_memalign(alignment, size);
    return *out == nullptr ? 12 : 0;
}
}
// NOLINTEND(bugprone-reserved-identifier)
