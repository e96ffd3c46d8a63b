// SPDX-License-Identifier: MIT
// One step of `agora redis check`, and the steps that test the cache.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/describe/class.hpp>
#include <functional>
#include <larder/cache.hpp>
#include <optional>
#include <string>

namespace agora::cli {

/// The result of one step, as one line or JSON object of the output.
struct step {
    std::string name;
    bool ok = false;
    std::optional<double> ms;
    std::optional<double> target_ms;
    std::string detail;
};
BOOST_DESCRIBE_STRUCT(step, (), (name, ok, ms, target_ms, detail))

inline constexpr double operation_target_ms = 10;

/// Tests the cache on this Redis: keys, operations, expiry, a single load for many callers, tags, and its statistics.
/// Calls `on_step` after each step and stops at the first one that fails.
boost::asio::awaitable<void> check_cache(larder::runtime& loops, larder::redis::client& redis,
                                         std::function<void(step)> on_step);

}  // namespace agora::cli
