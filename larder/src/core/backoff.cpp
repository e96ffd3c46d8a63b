// SPDX-License-Identifier: MIT
// Computes the delays of larder/backoff.hpp.
#include <algorithm>
#include <larder/backoff.hpp>

namespace larder {

std::chrono::milliseconds backoff::next()
{
    // Limiting the shift to 20 avoids overflow; 2^20 ms is beyond any sensible cap.
    const auto steps = std::int64_t{1} << std::min(attempt_, 20U);
    const auto ceiling = base_ > cap_ / steps ? cap_ : base_ * steps;
    ++attempt_;
    return milliseconds{std::uniform_int_distribution<std::int64_t>{0, ceiling.count()}(random_)};
}

}  // namespace larder
