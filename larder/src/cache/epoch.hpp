// SPDX-License-Identifier: MIT
// Epoch-based reclamation: readers use shared objects without locks and without reference counts; an object that a
// writer has unlinked is freed when no reader can still see it.
// A reader announces the epoch it began in, on a cache line of its own (guard). A writer unlinks an object, then begins
// a new epoch (advance()); once every announced epoch is at least that one (oldest()), no reader holds the object.
// These epochs have nothing to do with the epochs of Redis in the rest of the cache.
// Source: K. Fraser, "Practical lock-freedom", 2004, 5.2.3.
#pragma once

#include <atomic>
#include <cstdint>

namespace larder::epoch {

using number = std::uint64_t;

/// One per reading thread; found through a thread-local pointer.
struct alignas(64) reader_slot {
    std::atomic<number> since = idle;
    unsigned depth = 0;               ///< number of nested guards of this thread
    std::atomic<bool> taken = false;  ///< belongs to a thread
    static constexpr number idle = ~number{0};
};

/// Returns the slot of this thread. Calls std::terminate if there is no memory for a new one.
reader_slot& mine() noexcept;

/// While a guard exists, no object that was reachable when it was created is freed. Never hold one across a suspension:
/// the guard belongs to the thread, which goes on with other work, and no memory would be freed until it resumes.
class guard {
 public:
    guard() noexcept;
    ~guard()
    {
        if (--mine_.depth == 0) mine_.since.store(reader_slot::idle, std::memory_order_release);
    }
    guard(const guard&) = delete;
    guard& operator=(const guard&) = delete;

 private:
    reader_slot& mine_;
};

/// Begins a new epoch; call it after unlinking an object. The object may be freed once oldest() >= the result.
number advance() noexcept;
/// Returns the oldest epoch that a reader may be in.
number oldest() noexcept;

}  // namespace larder::epoch
