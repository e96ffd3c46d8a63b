// SPDX-License-Identifier: MIT
// Which slots of a cluster a scan has covered. Pure functions. A node is scanned as a whole. A slot counts as covered
// if the node owned it at the beginning and at the end of that pass, and it was not being moved at either time. Slots
// that remain are scanned at their current owners.
#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cluster_map.hpp"

namespace larder::redis {

/// What a node reports about itself in its reply to CLUSTER NODES.
struct node_view {
    std::string id;
    std::bitset<slot_count> stable;  ///< slots that it owns, except those that are being moved
};
/// nullopt: the text has no line about the node itself.
std::optional<node_view> parse_nodes(std::string_view text);

class cluster_scan {
 public:
    /// After so many futile passes in a row the scan reports an error.
    static constexpr unsigned max_futile = 10;

    /// A slot whose owner must be scanned. nullopt: all slots are covered.
    std::optional<std::uint16_t> next() const;
    /// A pass begins or ends, and this is what the node reports at that time. False: the pass is futile, because the
    /// node does not own the slot next().
    bool begin(node_view v);
    bool end(const node_view& v);
    /// The number of futile passes in a row.
    unsigned futile() const noexcept { return futile_; }
    void reset_futile() noexcept { futile_ = 0; }

 private:
    bool note(bool useful) noexcept;

    std::bitset<slot_count> seen_;
    node_view at_begin_;
    unsigned futile_ = 0;
};

}  // namespace larder::redis
