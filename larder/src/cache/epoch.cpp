// SPDX-License-Identifier: MIT
#include "epoch.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace larder::epoch {
namespace {

constexpr std::size_t most_threads = 512;

std::atomic<number> current{1};
std::array<announcement, most_threads> announcements;
std::atomic<std::size_t> used{0};  // places that were ever taken

/// A place, given back when the thread ends.
class place {
 public:
    place()
    {
        for (std::size_t i = 0; i < most_threads; ++i) {
            bool free = false;
            if (!announcements[i].taken.compare_exchange_strong(free, true)) continue;
            for (auto n = used.load(); n <= i && !used.compare_exchange_weak(n, i + 1);) {
            }
            mine = &announcements[i];
            return;
        }
        std::abort();  // more threads than any back end has
    }
    ~place() { mine->taken = false; }
    place(const place&) = delete;
    place& operator=(const place&) = delete;

    announcement* mine = nullptr;
};

}  // namespace

announcement& mine() noexcept
{
    thread_local const place here;
    return *here.mine;
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
    const auto n = used.load(std::memory_order_acquire);
    for (std::size_t i = 0; i < n; ++i) least = std::min(least, announcements[i].since.load(std::memory_order_acquire));
    return least;
}

}  // namespace larder::epoch
