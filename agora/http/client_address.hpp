// SPDX-License-Identifier: MIT
// The address of the client: the peer of the connection or, behind trusted proxies, the address of the last untrusted
// hop. Proxies report it in X-Forwarded-For or in Forwarded (RFC 7239). Only one of the two is read, because a client
// can send the other one through a proxy that does not know it. Pure functions; client_behind() does not allocate.
#pragma once

#include <agora/http/request.hpp>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace agora::http {

/// An IPv4 or IPv6 address; `::ffff:192.0.2.1` equals 192.0.2.1.
class ip_address {
 public:
    /// Length of the longest textual form.
    static constexpr std::size_t longest = 45;
    using text_buffer = std::array<char, longest + 1>;

    /// Parses an address without brackets, port or zone. nullopt: the text is not an address.
    static std::optional<ip_address> parse(std::string_view text) noexcept;
    /// Like parse(), but accepts a port, and brackets around an IPv6 address: `192.0.2.1:80`, `[::1]:80`.
    static std::optional<ip_address> parse_node(std::string_view text) noexcept;

    bool is_v4() const noexcept;
    /// The address in IPv6 form; an IPv4 address is mapped into ::ffff:0:0/96.
    const std::array<unsigned char, 16>& bytes() const noexcept { return bytes_; }
    /// Writes the textual form into `out` and returns a view of it.
    std::string_view write_to(text_buffer& out) const noexcept;

 private:
    std::array<unsigned char, 16> bytes_{};
};

/// What rate limits count as one client: an IPv4 address, or the /64 prefix of an IPv6 address, which is what a
/// provider gives to one customer.
std::string client_network(std::string_view address);

enum class forwarding_header : std::uint8_t { x_forwarded_for, forwarded };

/// The addresses and networks of the proxies whose forwarding header is trusted. Immutable.
class trusted_proxies {
 public:
    trusted_proxies() = default;
    /// `list`: like "127.0.0.1, 10.0.0.0/8, fd00::/8". Throws std::invalid_argument for a malformed entry.
    explicit trusted_proxies(std::string_view list, forwarding_header header = forwarding_header::x_forwarded_for);

    bool contains(const ip_address& address) const noexcept;
    /// The client behind a proxy: the last address in the header's lines that does not belong to a trusted proxy, or
    /// the first address when all are trusted. Everything before an element that cannot be parsed is ignored. Requires:
    /// contains(proxy).
    ip_address client_behind(const ip_address& proxy, const request& r) const noexcept;

 private:
    struct network {
        ip_address address;
        unsigned bits = 128;
    };
    std::vector<network> networks_;
    forwarding_header header_ = forwarding_header::x_forwarded_for;
};

}  // namespace agora::http
