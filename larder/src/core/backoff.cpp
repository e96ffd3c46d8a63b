// SPDX-License-Identifier: MIT
#include <algorithm>
#include <larder/backoff.hpp>

namespace larder {

std::chrono::milliseconds backoff::next()
{
    // 2^20 steps of a millisecond are past any sensible cap, and the shift cannot overflow.
    const auto steps = std::int64_t{1} << std::min(attempt_, 20U);
    const auto ceiling = base_ > cap_ / steps ? cap_ : base_ * steps;
    ++attempt_;
    return milliseconds{std::uniform_int_distribution<std::int64_t>{0, ceiling.count()}(random_)};
}

}  // namespace larder
