// SPDX-License-Identifier: MIT
// Request counts and response times of a route. Each loop has its own route_metrics and is the only one that writes to
// it; any thread may read it. So a counter is an atomic with one writer, and add() needs no locked instruction. Start
// with add(); add_totals_to() sums the loops.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstdint>
#include <vector>

namespace agora::http {

inline constexpr std::size_t status_classes = 5;
inline constexpr std::size_t duration_steps = 10;

/// The upper bound of histogram bucket `i`: responses that took less than this. The last bucket holds all the rest.
constexpr std::chrono::microseconds duration_limit(std::size_t i) noexcept
{
    return std::chrono::microseconds{std::int64_t{64} << 2 * i};
}

struct route_totals {
    std::array<std::uint64_t, status_classes> classes{};  ///< 1xx to 5xx
    std::array<std::uint64_t, duration_steps> steps{};
    std::uint64_t nanoseconds = 0;
};

class route_metrics {
 public:
    void add(unsigned status, std::chrono::nanoseconds took) noexcept
    {
        const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(took.count(), 0)) / 1000;
        const auto step = static_cast<std::size_t>(std::bit_width(us >> 6) + 1) / 2;
        add_to(classes_[std::clamp(status / 100, 1U, 5U) - 1], 1);
        add_to(steps_[std::min(step, duration_steps - 1)], 1);
        add_to(nanoseconds_, static_cast<std::uint64_t>(took.count()));
    }
    void add_totals_to(route_totals& t) const noexcept
    {
        for (std::size_t i = 0; i < status_classes; ++i) t.classes[i] += classes_[i].load(std::memory_order_relaxed);
        for (std::size_t i = 0; i < duration_steps; ++i) t.steps[i] += steps_[i].load(std::memory_order_relaxed);
        t.nanoseconds += nanoseconds_.load(std::memory_order_relaxed);
    }

 private:
    using cell = std::atomic<std::uint64_t>;
    static void add_to(cell& c, std::uint64_t n) noexcept
    {
        c.store(c.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);  // one writer: needs no fetch_add
    }

    std::array<cell, status_classes> classes_{};
    std::array<cell, duration_steps> steps_{};
    cell nanoseconds_ = 0;
};

/// The metrics of a server, over all loops.
struct traffic {
    std::size_t connections = 0;          ///< open at present
    std::uint64_t log_lines_dropped = 0;  ///< lines of the access log that could not be written
    std::vector<route_totals> routes;     ///< by route::number; the last element: requests that matched no route
};

}  // namespace agora::http
