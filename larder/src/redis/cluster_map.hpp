// SPDX-License-Identifier: MIT
// What cluster nodes say about who owns what: pure functions.
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

/// "MOVED 3999 127.0.0.1:6381" or "ASK ...". A host that is empty or "?" is unknown to the server, and becomes
/// `same_host`: that of the server that said so.
struct redirect {
    bool ask = false;
    std::uint16_t slot = 0;
    address to;
};
/// nullopt: the error is none, or makes no sense.
std::optional<redirect> parse_redirect(std::string_view error, const std::string& same_host);

struct slot_range {
    std::size_t from;
    std::size_t to;
    address master;
};
/// The reply to CLUSTER SLOTS: [from, to, [host, port, id, metadata], replicas...]... What makes no sense in it is left
/// out. `same_host` is that of the server that sent it, for hosts that it does not name.
std::vector<slot_range> parse_slots(const resp::value& reply, const std::string& same_host);
/// How many slots they have together. Requires: they do not overlap.
std::size_t slots_in(const std::vector<slot_range>& ranges);

}  // namespace larder::redis
