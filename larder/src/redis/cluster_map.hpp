// SPDX-License-Identifier: MIT
// Parses what cluster nodes report about the owners of slots. Pure functions.
#pragma once

#include <cstdint>
#include <larder/redis/options.hpp>
#include <larder/resp.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder::redis {

inline constexpr std::size_t slot_count = 16384;

/// "MOVED 3999 127.0.0.1:6381" or "ASK ...". A host that is empty or "?" is not known to the server; it becomes
/// `same_host`, the host of the server that sent the error.
struct redirect {
    bool ask = false;
    std::uint16_t slot = 0;
    address to;
};
/// nullopt: the error is not a redirection, or is malformed.
std::optional<redirect> parse_redirect(std::string_view error, const std::string& same_host);

struct slot_range {
    std::size_t from;
    std::size_t to;
    address master;
};
/// Parses the reply to CLUSTER SLOTS: [from, to, [host, port, id, metadata], replicas...]... Malformed ranges are left
/// out. `same_host` is the host of the server that sent the reply; it stands in for hosts that the reply does not name.
std::vector<slot_range> parse_slots(const resp::value& reply, const std::string& same_host);
/// The total number of slots. Requires: the ranges do not overlap.
std::size_t slots_in(const std::vector<slot_range>& ranges);

}  // namespace larder::redis
