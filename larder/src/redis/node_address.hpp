// SPDX-License-Identifier: MIT
// Addresses of nodes, as Sentinels and cluster nodes report them. Pure functions.
#pragma once

#include <cstdint>
#include <larder/redis/options.hpp>
#include <optional>
#include <string_view>

namespace larder::redis {

/// nullopt: the port is not between 1 and 65535.
std::optional<address> node_address(std::string_view host, std::int64_t port);
/// The same for a port in digits.
std::optional<address> node_address(std::string_view host, std::string_view port);

}  // namespace larder::redis
