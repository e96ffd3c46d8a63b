// SPDX-License-Identifier: MIT
// Where a request comes from: the peer of its connection, or, behind proxies that are trusted, the address that the
// last untrusted hop had. Proxies tell it in X-Forwarded-For or in Forwarded (RFC 7239); one of the two is believed,
// since a client can send the other one through a proxy that does not know it. Pure functions, no allocation.
#pragma once

#include <agora/http/request.hpp>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace agora::http {

/// An IPv4 or IPv6 address; `::ffff:192.0.2.1` is 192.0.2.1.
class ip_address {
 public:
    /// Characters of the longest text.
    static constexpr std::size_t longest = 45;
    using text_buffer = std::array<char, longest + 1>;

    /// nullopt: it is none. Without brackets, port or zone.
    static std::optional<ip_address> parse(std::string_view text) noexcept;
    /// Like parse(); the address may have a port, and brackets around an IPv6 address: `192.0.2.1:80`, `[::1]:80`.
    static std::optional<ip_address> parse_node(std::string_view text) noexcept;

    bool is_v4() const noexcept;
    /// As IPv6; IPv4 is mapped.
    const std::array<unsigned char, 16>& bytes() const noexcept { return bytes_; }
    std::string_view write_to(text_buffer& out) const noexcept;

 private:
    std::array<unsigned char, 16> bytes_{};
};

/// What limits count as one client: an IPv4 address, or the /64 of an IPv6 address, which is what one customer has.
std::string client_network(std::string_view address);

enum class forwarding_header : std::uint8_t { x_forwarded_for, forwarded };

/// The proxies whose header is believed, as addresses and networks. Immutable.
class trusted_proxies {
 public:
    trusted_proxies() = default;
    /// `list`: like "127.0.0.1, 10.0.0.0/8, fd00::/8". Throws std::invalid_argument.
    explicit trusted_proxies(std::string_view list, forwarding_header believed = forwarding_header::x_forwarded_for);

    bool contains(const ip_address& address) const noexcept;
    /// The client behind a proxy: the last address in the header's lines that is no trusted proxy's, or the first
    /// address when all are trusted. What stands before an element that cannot be read is not believed.
    /// Requires: contains(proxy).
    ip_address client_behind(const ip_address& proxy, const request& r) const noexcept;

 private:
    struct network {
        ip_address address;
        unsigned bits = 128;
    };
    std::vector<network> networks_;
    forwarding_header believed_ = forwarding_header::x_forwarded_for;
};

}  // namespace agora::http
