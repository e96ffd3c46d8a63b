// SPDX-License-Identifier: MIT
// Addresses as text, and the addresses that servers report.
#include "node_address.hpp"

#include <charconv>
#include <limits>

namespace larder::redis {

std::string address::text() const
{
    if (port == 0) return host;
    const bool ipv6 = host.find(':') != std::string::npos;
    return (ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::optional<address> node_address(std::string_view host, std::int64_t port)
{
    if (port < 1 || port > std::numeric_limits<unsigned short>::max()) return std::nullopt;
    return address{std::string{host}, static_cast<unsigned short>(port)};
}

std::optional<address> node_address(std::string_view host, std::string_view port)
{
    std::int64_t number = 0;
    std::from_chars(port.data(), port.data() + port.size(), number);
    return node_address(host, number);
}

}  // namespace larder::redis
