// SPDX-License-Identifier: MIT
// A counter that is split over several cache lines, so that threads which increment it do not contend. Thread-safe;
// sum() is not a snapshot: increments that run at the same time may or may not be included.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace larder::detail {

class spread_counter {
 public:
    void add() noexcept
    {
        thread_local const std::size_t place = next_place_.fetch_add(1, std::memory_order_relaxed) % cells;
        cells_[place].n.fetch_add(1, std::memory_order_relaxed);
    }
    std::uint64_t sum() const noexcept
    {
        std::uint64_t all = 0;
        for (const auto& c : cells_) all += c.n.load(std::memory_order_relaxed);
        return all;
    }

 private:
    static constexpr std::size_t cells = 16;
    struct alignas(64) cell {
        std::atomic<std::uint64_t> n = 0;
    };
    static inline std::atomic<std::size_t> next_place_ = 0;
    std::array<cell, cells> cells_;
};

}  // namespace larder::detail
