// SPDX-License-Identifier: MIT
// Types for what stream commands return:
//
//     co_await redis.exec<std::string>(request{"XADD", "events", "MAXLEN", "~", 10000, "*", fields});
//     auto read = co_await redis.exec<std::optional<stream_batches>>(
//         request{"XREADGROUP", "GROUP", group, consumer, "COUNT", 100, "BLOCK", 5000, "STREAMS", "events", ">"});
//     for (const auto& [stream, entries] : **read) ...
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace larder::redis {

using stream_fields = std::vector<std::pair<std::string, std::string>>;
/// The id and the fields; nullopt: pending, but deleted from the stream.
using stream_entry = std::pair<std::string, std::optional<stream_fields>>;
using stream_entries = std::vector<stream_entry>;  ///< of XRANGE, XCLAIM
/// Of XREAD and XREADGROUP, by stream; the whole is null when nothing came in time.
using stream_batches = std::vector<std::pair<std::string, stream_entries>>;
/// Of XAUTOCLAIM: where to go on, what was claimed, and the ids that are gone from the stream.
using stream_claim = std::tuple<std::string, stream_entries, std::vector<std::string>>;

}  // namespace larder::redis
