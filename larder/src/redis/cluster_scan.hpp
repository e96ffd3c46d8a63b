// SPDX-License-Identifier: MIT
// Which slots of a cluster a scan has seen: pure functions. A node is scanned as a whole, so its slots count as seen
// when it owned them at the begin and at the end of that pass, and none of them was being moved. What is left is looked
// for at the nodes that own it then.
#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cluster_map.hpp"

namespace larder::redis {

/// What a node says about itself in its reply to CLUSTER NODES.
struct node_view {
    std::string id;
    std::bitset<slot_count> settled;  ///< slots that it owns, but for those that are being moved
};
/// nullopt: there is no line about the node itself.
std::optional<node_view> parse_nodes(std::string_view text);

class cluster_scan {
 public:
    static constexpr unsigned most_futile = 10;

    /// A slot whose owner is to be scanned; nullopt: all have been seen.
    std::optional<std::uint16_t> next() const;
    /// A pass begins or ends, with what the node says then. False: it was in vain, since that node does not own next().
    bool begin(node_view v);
    bool end(const node_view& v);
    /// Passes that were in vain, one after the other.
    unsigned futile() const noexcept { return futile_; }
    void forgive() noexcept { futile_ = 0; }

 private:
    bool note(bool useful) noexcept;

    std::bitset<slot_count> seen_;
    node_view at_begin_;
    unsigned futile_ = 0;
};

}  // namespace larder::redis
