// SPDX-License-Identifier: MIT
// SCAN and its relatives, batch by batch, over all masters of a cluster:
//
//     scan keys{client, {.match = "user:*"}};
//     for (;;) {
//         const auto batch = co_await keys.next();
//         if (!batch || !*batch) break;                 // an error, or the end
//         for (const auto& key : **batch) ...
//     }
//
// Redis guarantees that an element which exists during the whole scan is returned, possibly more than once. In a
// cluster the scan keeps this guarantee while slots move and masters are replaced: it scans whole nodes, and scans a
// node again if it has received a slot that no pass has covered yet (the node's other keys are then returned again).
// The guarantee does not hold for a slot that is moved away and back while its node is scanned. If a slot is still
// being moved when all others have been scanned, next() waits some seconds for it and then fails with
// errc::unavailable; the next call tries again.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <larder/redis/outcome.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder::redis {

class client;

struct scan_options {
    std::string_view key{};    ///< the hash, set or sorted set to scan; empty: the keys of the database
    std::string_view match{};  ///< a glob pattern; empty: all elements
    std::size_t count = 100;   ///< elements that the server visits per batch
};

class scan {
 public:
    /// Requires: the client outlives the scan.
    explicit scan(client& c, const scan_options& o = {}, std::string_view command = "SCAN");
    ~scan();
    scan(scan&&) noexcept;

    /// Returns the next batch, which may be empty; nullopt at the end. For HSCAN and ZSCAN the batch alternates
    /// elements and values. After an error, the next call continues where the scan stopped.
    boost::asio::awaitable<reply<std::optional<std::vector<std::string>>>> next();

 private:
    struct of_cluster;
    boost::asio::awaitable<reply<void>> find_node();
    boost::asio::awaitable<void> refresh_topology();

    client& client_;
    std::string command_;
    std::string key_;
    std::string match_;
    std::size_t count_;
    std::string cursor_ = "0";
    std::unique_ptr<of_cluster> cluster_;  ///< null: all elements are on one server
    bool done_ = false;
};

}  // namespace larder::redis
