// SPDX-License-Identifier: MIT
// How a request is taken apart for a cluster, and its replies put together again: pure functions.
// A pipeline goes command by command; MGET, DEL, UNLINK, EXISTS, TOUCH and MSET whose keys lie in several slots go slot
// by slot (each part is atomic, the whole is not); a transaction goes as a whole, by its first key.
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

/// Something that one node does.
struct plan_part {
    std::string_view bytes;  ///< of the request; or of `own`
    std::string own;         ///< of a part that was made
    std::uint32_t replies = 1;
    std::optional<std::uint16_t> slot;  ///< none: any node will do
    std::vector<std::uint32_t> places;  ///< of a part of an MGET: where its elements stand in the whole
    std::string_view text() const noexcept { return own.empty() ? bytes : std::string_view{own}; }
};

enum class merge : unsigned char { none, elements, sum, all_ok };

/// One command of the request: parts [begin, end).
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

/// Gives the replies to `to`, a call per command. `replies` are the parts' in RESP3, one after the other.
void give_merged(const cluster_plan& plan, const std::vector<std::string>& replies, receiver& to);

}  // namespace larder::redis
