// SPDX-License-Identifier: MIT
#include "epoch.hpp"

#include <algorithm>
#include <array>
#include <memory>

namespace larder::epoch {
namespace {

/// Places for some threads, and the way to those for more. Never freed: others may walk over it at any time.
struct block {
    std::array<reader_slot, 64> places;
    std::atomic<block*> next = nullptr;
};

std::atomic<number> current{1};
block first;

/// The block behind `b`, which is made if there is none.
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

/// A place, given back when the thread ends.
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
    // The announcement must be seen before anything is read under it; pairs with the exchange in advance().
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
