// SPDX-License-Identifier: MIT
// Epoch-based reclamation: readers look at shared objects without locks and without touching them; what a writer has
// taken out is freed when no reader can still see it.
// A reader announces the epoch it began in, on a cache line of its own. A writer unlinks an object, then begins a new
// epoch; once every announced epoch is at least that one, nobody holds the object any more.
// Source: K. Fraser, "Practical lock-freedom", 2004, 5.2.3.
#pragma once

#include <atomic>
#include <cstdint>

namespace larder::epoch {

using number = std::uint64_t;

/// One per thread that reads; found through a thread-local pointer.
struct alignas(64) reader_slot {
    std::atomic<number> since = idle;
    unsigned depth = 0;  ///< guards of this thread
    std::atomic<bool> taken = false;
    static constexpr number idle = ~number{0};
};

/// Of this thread. std::terminate when there is no memory for its place.
reader_slot& mine() noexcept;

/// While one exists on this thread, nothing that was reachable at its beginning is freed. Never hold one across a
/// suspension: the thread goes on with other work, and memory is not given back meanwhile.
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

/// Begins a new epoch, after an object was unlinked: it may be freed when oldest() >= what this returns.
number advance() noexcept;
/// The oldest epoch that a reader may be in.
number oldest() noexcept;

}  // namespace larder::epoch
