// SPDX-License-Identifier: MIT
// Hooks for tests of the cache protocol: steps at which a test can pause or kill a process. Active only when compiled
// with LARDER_TEST_POINTS; otherwise the compiler removes them completely.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/describe/enum.hpp>
#include <cstdint>
#include <functional>
#include <larder/clock.hpp>

namespace larder {

/// The points at which a test can pause or kill a process.
BOOST_DEFINE_ENUM_CLASS(step, answered, loaded, filling, forgotten, unlinked, pass_begun, pass_read, pass_applied,
                        row_written, committed, applied)

#ifdef LARDER_TEST_POINTS
inline constexpr bool test_points = true;
/// Called with the step that was reached, and the clock of its cache if there is one.
inline std::function<boost::asio::awaitable<void>(step, const clock*)> at_step;
inline boost::asio::awaitable<void> reach(step s, const clock* of = nullptr)
{
    if (at_step) co_await at_step(s, of);
}
#else
inline constexpr bool test_points = false;
boost::asio::awaitable<void> reach(step s, const clock* of = nullptr);  // never called
#endif

}  // namespace larder
