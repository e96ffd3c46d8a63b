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
// What Redis guarantees: an element that is there from the beginning to the end is returned, perhaps more than once.
#pragma once

#include <larder/redis/client.hpp>
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
    explicit scan(client& c, const scan_options& o = {}, std::string_view command = "SCAN")
        : client_{c}, command_{command}, key_{o.key}, match_{o.match}, count_{o.count}
    {}

    /// The next elements, perhaps none of them; nullopt: the end. Of HSCAN and ZSCAN: element and value in turn.
    boost::asio::awaitable<reply<std::optional<std::vector<std::string>>>> next();

 private:
    client& client_;
    std::string command_;
    std::string key_;
    std::string match_;
    std::size_t count_;
    std::string cursor_ = "0";
    std::uint32_t node_ = 0;
    bool done_ = false;
};

}  // namespace larder::redis
