// SPDX-License-Identifier: MIT
// The slots that a scan has covered; the rules are in cluster_scan.hpp. Start with parse_nodes(), begin() and end().
//
// A line of CLUSTER NODES is <id> <address> <flags> <master> <ping> <pong> <epoch> <link> <slot>... A slot is 7 or
// 0-99. The line of the node itself also has the slots that are being moved: [7->-<id>] moves to another node,
// [7-<-<id>] moves to this one.
#include "cluster_scan.hpp"

#include <charconv>

namespace larder::redis {
namespace {

/// Removes the text up to the next `separator` from the front, and returns it.
std::string_view split_off(std::string_view& text, char separator)
{
    const auto end = text.find(separator);
    const auto out = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return out;
}

std::size_t slot_of(std::string_view text)
{
    std::size_t out = slot_count;
    std::from_chars(text.data(), text.data() + text.size(), out);
    return out;
}

}  // namespace

std::optional<node_view> parse_nodes(std::string_view text)
{
    while (!text.empty()) {
        auto line = split_off(text, '\n');
        node_view out;
        out.id = split_off(line, ' ');
        split_off(line, ' ');
        if (split_off(line, ' ').find("myself") == std::string_view::npos) continue;
        for (int i = 0; i < 5; ++i) split_off(line, ' ');
        std::bitset<slot_count> moving;
        while (!line.empty()) {
            auto word = split_off(line, ' ');
            if (word.starts_with('[')) {
                word.remove_prefix(1);
                if (const auto slot = slot_of(word); slot < slot_count) moving.set(slot);
                continue;
            }
            const auto from = slot_of(split_off(word, '-'));
            const auto to = word.empty() ? from : slot_of(word);
            if (to >= slot_count) continue;
            for (auto slot = from; slot <= to; ++slot) out.stable.set(slot);
        }
        out.stable &= ~moving;
        return out;
    }
    return std::nullopt;
}

std::optional<std::uint16_t> cluster_scan::next() const
{
    for (std::size_t slot = 0; slot < slot_count; ++slot) {
        if (!seen_[slot]) return static_cast<std::uint16_t>(slot);
    }
    return std::nullopt;
}

bool cluster_scan::begin(node_view v)
{
    at_begin_ = std::move(v);
    // A good beginning does not reset futile(). Only a good end shows that the slot could be scanned.
    return at_begin_.stable[next().value_or(0)] || note(false);
}

bool cluster_scan::end(const node_view& v)
{
    const auto slot = next().value_or(0);
    if (v.id == at_begin_.id) seen_ |= v.stable & at_begin_.stable;
    return note(seen_[slot]);
}

bool cluster_scan::note(bool useful) noexcept
{
    futile_ = useful ? 0 : futile_ + 1;
    return useful;
}

}  // namespace larder::redis
