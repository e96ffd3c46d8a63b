// SPDX-License-Identifier: MIT
// Parses MOVED and ASK errors and the reply to CLUSTER SLOTS. Malformed input is skipped and never throws. A host that
// a node does not name is the host that sent the reply; host_of() has the details. Start with parse_redirect() and
// parse_slots().
#include "cluster_map.hpp"

#include <charconv>

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
    out.to.host = text.substr(space + 1, colon - space - 1);
    if (is_unknown(out.to.host)) out.to.host = same_host;
    std::from_chars(text.data() + colon + 1, text.data() + text.size(), out.to.port);
    if (slot.ec != std::errc{} || out.slot >= slot_count || out.to.port == 0) return std::nullopt;
    return out;
}

std::vector<slot_range> parse_slots(const resp::value& reply, const std::string& same_host)
{
    std::vector<slot_range> out;
    for (const auto& range : reply) {
        if (range.size() < 3 || range.child(2).size() < 2) continue;
        const auto from = range.child(0).integer().value_or(-1);
        const auto to = range.child(1).integer().value_or(-1);
        const auto port = range.child(2).child(1).integer().value_or(0);
        const bool sound =
            from >= 0 && from <= to && to < static_cast<std::int64_t>(slot_count) && port > 0 && port < 65536;
        if (!sound) continue;
        out.push_back({static_cast<std::size_t>(from),
                       static_cast<std::size_t>(to),
                       {host_of(range.child(2), same_host), static_cast<unsigned short>(port)}});
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
