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
// What Redis guarantees: an element that is there from the beginning to the end is returned, perhaps more than once. In
// a cluster this holds while slots move and masters are replaced, too: a node is scanned as a whole, and again if a
// slot has come to it that no pass has seen yet (its other keys are then returned again). It does not hold for a slot
// that is moved away and back again while its node is scanned. A slot that is still being moved when all others have
// been scanned is waited for, some seconds; then next() fails with errc::unavailable, and the next call tries again.
#pragma once

#include <larder/redis/client.hpp>
#include <memory>
#include <string>
#include <vector>

namespace larder::redis {

struct scan_options {
    std::string_view key{};    ///< of the hash, set or sorted set; empty: the keys of the database
    std::string_view match{};  ///< a glob pattern; empty: all
    std::size_t count = 100;   ///< elements that the server looks at per batch
};

class scan {
 public:
    /// The client outlives the scan.
    explicit scan(client& c, const scan_options& o = {}, std::string_view command = "SCAN");
    ~scan();
    scan(scan&&) noexcept;

    /// The next elements, perhaps none of them; nullopt: the end. Of HSCAN and ZSCAN: element and value in turn. After
    /// an error the next call goes on where the scan was.
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
    std::unique_ptr<of_cluster> cluster_;  ///< null: one server has it all
    bool done_ = false;
};

}  // namespace larder::redis
