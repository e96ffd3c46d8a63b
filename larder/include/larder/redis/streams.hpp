// SPDX-License-Identifier: MIT
// Types for the replies of stream commands:
//
//     co_await redis.exec<std::string>(request{"XADD", "events", "MAXLEN", "~", 10000, "*", fields});
//     auto read = co_await redis.exec<std::optional<stream_batches>>(
//         request{"XREADGROUP", "GROUP", group, consumer, "COUNT", 100, "BLOCK", 5000, "STREAMS", "events", ">"});
//     for (const auto& [stream, entries] : **read) ...
#pragma once

#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace larder::redis {

using stream_fields = std::vector<std::pair<std::string, std::string>>;
/// The id and the fields. nullopt: the entry is pending but was deleted from the stream.
using stream_entry = std::pair<std::string, std::optional<stream_fields>>;
using stream_entries = std::vector<stream_entry>;  ///< reply of XRANGE and XCLAIM
/// Reply of XREAD and XREADGROUP: entries by stream. The whole reply is null if no entry arrived in time.
using stream_batches = std::vector<std::pair<std::string, stream_entries>>;
/// Reply of XAUTOCLAIM: the id to continue from, the claimed entries, and the ids that no longer exist in the stream.
using stream_claim = std::tuple<std::string, stream_entries, std::vector<std::string>>;

}  // namespace larder::redis
