// SPDX-License-Identifier: MIT
// Epoch-based reclamation: the readers' slots are kept in a linked list of blocks that only grows; a thread takes a
// slot on its first guard and returns it when it ends. The fence in guard() and the read-modify-write in advance()
// order the announcement of a reader before its reads, as seen by a writer that calls oldest(). Start at
// guard::guard().
#include "epoch.hpp"

#include <algorithm>
#include <array>
#include <memory>

namespace larder::epoch {
namespace {

/// Slots for 64 threads, and a link to the next block. Never freed, because other threads may read it at any time.
struct block {
    std::array<reader_slot, 64> places;
    std::atomic<block*> next = nullptr;
};

std::atomic<number> current{1};
block first;

/// Returns the block after `b`; creates it if there is none.
block& behind(block& b)
{
    auto* next = b.next.load(std::memory_order_acquire);
    if (next != nullptr) return *next;
    auto made = std::make_unique<block>();
    if (b.next.compare_exchange_strong(next, made.get(), std::memory_order_acq_rel)) return *made.release();
    return *next;  // another thread was faster
}

reader_slot& free_place()
{
    for (auto* b = &first;; b = &behind(*b)) {
        for (auto& p : b->places)
            if (!p.taken.load(std::memory_order_relaxed) && !p.taken.exchange(true)) return p;
    }
}

/// Owns a thread's slot; returns it when the thread ends.
class place {
 public:
    place() : mine{free_place()} {}
    ~place() { mine.taken = false; }
    place(const place&) = delete;
    place& operator=(const place&) = delete;

    reader_slot& mine;
};

}  // namespace

reader_slot& mine() noexcept
{
    thread_local const place here;
    return here.mine;
}

guard::guard() noexcept : mine_{mine()}
{
    if (mine_.depth++ > 0) return;
    mine_.since.store(current.load(std::memory_order_relaxed), std::memory_order_relaxed);
    // The announcement must be visible before anything is read under the guard. Pairs with the fetch_add in advance()
    // and with the fence in oldest().
    std::atomic_thread_fence(std::memory_order_seq_cst);
}

number advance() noexcept { return current.fetch_add(1, std::memory_order_seq_cst) + 1; }

number oldest() noexcept
{
    std::atomic_thread_fence(std::memory_order_seq_cst);
    auto least = current.load(std::memory_order_relaxed);
    for (const auto* b = &first; b != nullptr; b = b->next.load(std::memory_order_acquire))
        for (const auto& p : b->places) least = std::min(least, p.since.load(std::memory_order_acquire));
    return least;
}

}  // namespace larder::epoch
