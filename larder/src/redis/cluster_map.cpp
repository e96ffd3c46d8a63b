// SPDX-License-Identifier: MIT
// Parses MOVED and ASK errors and the reply to CLUSTER SLOTS. Malformed input is skipped and never throws. A host that
// a node does not name is the host that sent the reply; host_of() has the details. Start with parse_redirect() and
// parse_slots().
#include "cluster_map.hpp"

#include <charconv>

#include "node_address.hpp"

namespace larder::redis {
namespace {

/// A node that does not know its own address, or must not reveal it, leaves it out or sends "?".
bool is_unknown(std::string_view host) noexcept { return host.empty() || host == "?"; }

/// A node is [preferred endpoint, port, id, metadata]. Null stands for the address that the reply came from. "?" means
/// that no host name is configured; the metadata may then contain the IP address.
std::string host_of(const resp::value& node, const std::string& same_host)
{
    const auto preferred = node.child(0).text();
    if (!is_unknown(preferred)) return std::string{preferred};
    if (preferred == "?" && node.size() > 3) {
        std::string_view field;
        for (const auto& part : node.child(3)) {
            if (field == "ip" && !is_unknown(part.text())) return std::string{part.text()};
            field = part.text();
        }
    }
    return same_host;
}

}  // namespace

std::optional<redirect> parse_redirect(std::string_view text, const std::string& same_host)
{
    redirect out;
    out.ask = text.starts_with("ASK ");
    if (!out.ask && !text.starts_with("MOVED ")) return std::nullopt;
    text.remove_prefix(text.find(' ') + 1);
    const auto space = text.find(' ');
    const auto colon = text.rfind(':');
    if (space == std::string_view::npos || colon == std::string_view::npos || colon < space) return std::nullopt;
    const auto slot = std::from_chars(text.data(), text.data() + space, out.slot);
    const auto host = text.substr(space + 1, colon - space - 1);
    auto to = node_address(is_unknown(host) ? same_host : host, text.substr(colon + 1));
    if (slot.ec != std::errc{} || out.slot >= slot_count || !to) return std::nullopt;
    out.to = *std::move(to);
    return out;
}

std::vector<slot_range> parse_slots(const resp::value& reply, const std::string& same_host)
{
    std::vector<slot_range> out;
    for (const auto& range : reply) {
        if (range.size() < 3 || range.child(2).size() < 2) continue;
        const auto from = range.child(0).integer().value_or(-1);
        const auto to = range.child(1).integer().value_or(-1);
        const bool sound = from >= 0 && from <= to && to < static_cast<std::int64_t>(slot_count);
        auto master = node_address(host_of(range.child(2), same_host), range.child(2).child(1).integer().value_or(0));
        if (!sound || !master) continue;
        out.push_back({static_cast<std::size_t>(from), static_cast<std::size_t>(to), *std::move(master)});
    }
    return out;
}

std::size_t slots_in(const std::vector<slot_range>& ranges)
{
    std::size_t sum = 0;
    for (const auto& r : ranges) sum += r.to - r.from + 1;
    return sum;
}

}  // namespace larder::redis
