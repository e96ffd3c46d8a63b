// SPDX-License-Identifier: MIT
#include "cluster_map.hpp"

#include <charconv>

namespace larder::redis {

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
    if (out.to.host.empty()) out.to.host = same_host;
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
        std::string host{range.child(2).child(0).text()};
        if (host.empty() || host == "?") host = same_host;
        out.push_back(
            {static_cast<std::size_t>(from), static_cast<std::size_t>(to), {host, static_cast<unsigned short>(port)}});
    }
    return out;
}

}  // namespace larder::redis
