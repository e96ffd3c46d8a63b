// SPDX-License-Identifier: MIT
// One line of `agora redis check`.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/describe/class.hpp>
#include <functional>
#include <larder/cache.hpp>
#include <optional>
#include <string>

namespace agora::cli {

struct step {
    std::string name;
    bool ok = false;
    std::optional<double> ms;
    std::optional<double> target_ms;
    std::string detail;
};
BOOST_DESCRIBE_STRUCT(step, (), (name, ok, ms, target_ms, detail))

inline constexpr double operation_target_ms = 10;

/// The cache on this Redis: keys, operations, expiry, one load for many, tags, what it says of itself. It stops at the
/// first step that fails.
boost::asio::awaitable<void> check_cache(larder::runtime& loops, larder::redis::client& redis,
                                         std::function<void(step)> took);

}  // namespace agora::cli
