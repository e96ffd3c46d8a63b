// SPDX-License-Identifier: MIT
// How a request is split for a cluster, and how its replies are merged. Pure functions. A pipeline is split into its
// commands. MGET, DEL, UNLINK, EXISTS, TOUCH and MSET with keys in several slots are split by slot (each part is
// atomic, the whole is not). A transaction is sent as a whole, by its first key.
#pragma once

#include <cstdint>
#include <larder/redis/receiver.hpp>
#include <larder/redis/request.hpp>
#include <larder/resp.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder::redis {

/// What is sent to one node.
struct plan_part {
    std::string_view bytes;  ///< a piece of the request, unless `own` is set
    std::string own;         ///< the encoded command, if splitting made a new one
    std::uint32_t replies = 1;
    std::optional<std::uint16_t> slot;  ///< none: any node
    std::vector<std::uint32_t> places;  ///< for a part of a split command: the indexes of its keys in the whole
    std::string_view text() const noexcept { return own.empty() ? bytes : std::string_view{own}; }
};

/// How the replies to the parts of a command become one reply.
enum class merge : unsigned char { none, elements, sum, all_ok };

/// One command of the request. Its parts are [begin, end).
struct plan_command {
    merge how = merge::none;
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
};

struct cluster_plan {
    std::vector<plan_part> parts;
    std::vector<plan_command> commands;
};

cluster_plan make_plan(const request& r);

/// Passes the replies to `to`, one call per command. `replies[i]` has the replies to part i in RESP3, one after the
/// other.
void deliver_merged(const cluster_plan& plan, const std::vector<std::string>& replies, receiver& to);

}  // namespace larder::redis
