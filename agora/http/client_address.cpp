// SPDX-License-Identifier: MIT
// Finds the client's address behind trusted proxies. Start with trusted_proxies::client_behind(), which walks the
// forwarding header. An untrusted client can put anything into that header, so an unreadable element or an unbalanced
// quote must never hide what a later proxy appended. Addresses are compared as 16 bytes; IPv4 is mapped into IPv6.
#include <arpa/inet.h>
#include <agora/http/client_address.hpp>
#include <agora/http/fields.hpp>
#include <algorithm>
#include <charconv>
#include <cstring>
#include <stdexcept>

namespace agora::http {
namespace {

constexpr unsigned mapped_bits = 96;    // prefix length of ::ffff:0:0/96, the IPv4-mapped addresses
constexpr unsigned customer_bits = 64;  // prefix length of what an IPv6 provider gives to one customer
constexpr std::array<unsigned char, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/// A port number of one to five digits (RFC 7239 6). Its value is not used.
bool is_node_number(std::string_view text) noexcept
{
    return !text.empty() && text.size() <= 5 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// A port number, or an obfuscated port (RFC 7239 6.2).
bool is_node_port(std::string_view text) noexcept
{
    return is_node_number(text) || (text.size() > 1 && text.front() == '_');
}

/// True when a quoted string is still open at the end of the line. A client leaves it open to hide what the next proxy
/// appends.
bool ends_in_quotes(std::string_view line) noexcept
{
    bool quoted = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '"') quoted = !quoted;
        if (line[i] == '\\' && quoted) ++i;
    }
    return quoted;
}

/// The `for` parameter of an element of Forwarded, without its quotes. Empty: there is none, or it is malformed.
std::string_view node_of(std::string_view element) noexcept
{
    if (std::count(element.begin(), element.end(), '"') % 2 != 0) return {};
    while (!element.empty()) {
        std::size_t end = 0;
        for (bool quoted = false; end < element.size() && (quoted || element[end] != ';'); ++end) {
            if (element[end] == '"') quoted = !quoted;
        }
        const auto pair = trim_blanks(element.substr(0, end));
        element.remove_prefix(std::min(end + 1, element.size()));
        const auto equals = pair.find('=');
        if (equals == std::string_view::npos || !iequals(pair.substr(0, equals), "for")) continue;
        auto value = pair.substr(equals + 1);
        if (value.size() > 1 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
        return value;
    }
    return {};
}

}  // namespace

std::optional<ip_address> ip_address::parse(std::string_view text) noexcept
{
    text_buffer copy{};
    if (text.empty() || text.size() > longest) return std::nullopt;
    std::copy(text.begin(), text.end(), copy.begin());
    ip_address a;
    std::copy(mapped_prefix.begin(), mapped_prefix.end(), a.bytes_.begin());
    if (::inet_pton(AF_INET, copy.data(), a.bytes_.data() + mapped_prefix.size()) == 1) return a;
    if (::inet_pton(AF_INET6, copy.data(), a.bytes_.data()) == 1) return a;
    return std::nullopt;
}

std::optional<ip_address> ip_address::parse_node(std::string_view text) noexcept
{
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == std::string_view::npos) return std::nullopt;
        const auto rest = text.substr(end + 1);
        if (!rest.empty() && (rest.front() != ':' || !is_node_port(rest.substr(1)))) return std::nullopt;
        const auto found = parse(text.substr(1, end - 1));
        return text.substr(1, end - 1).find(':') == std::string_view::npos ? std::nullopt : found;
    }
    // With one colon it is an IPv4 address with a port, with several an IPv6 address.
    const auto colon = text.find(':');
    if (colon == std::string_view::npos || text.find(':', colon + 1) != std::string_view::npos) return parse(text);
    return is_node_port(text.substr(colon + 1)) ? parse(text.substr(0, colon)) : std::nullopt;
}

bool ip_address::is_v4() const noexcept
{
    return std::equal(mapped_prefix.begin(), mapped_prefix.end(), bytes_.begin());
}

std::string_view ip_address::write_to(text_buffer& out) const noexcept
{
    const auto* const start = is_v4() ? bytes_.data() + mapped_prefix.size() : bytes_.data();
    ::inet_ntop(is_v4() ? AF_INET : AF_INET6, start, out.data(), static_cast<socklen_t>(out.size()));
    return {out.data(), std::strlen(out.data())};
}

std::string client_network(std::string_view address)
{
    const auto a = ip_address::parse(address);
    if (!a || a->is_v4()) return std::string{address};
    auto bytes = a->bytes();
    std::fill(bytes.begin() + customer_bits / 8, bytes.end(), static_cast<unsigned char>(0));
    ip_address::text_buffer text{};
    ::inet_ntop(AF_INET6, bytes.data(), text.data(), static_cast<socklen_t>(text.size()));
    return text.data();
}

trusted_proxies::trusted_proxies(std::string_view list, forwarding_header header) : header_{header}
{
    for (auto word = next_element(list); !word.empty(); word = next_element(list)) {
        const auto slash = word.find('/');
        const auto address = ip_address::parse(word.substr(0, slash));
        if (!address) throw std::invalid_argument{std::string{word} + " is not an IP address"};
        network n{*address, 128};
        if (slash != std::string_view::npos) {
            const auto digits = word.substr(slash + 1);
            const bool four = word.find(':') == std::string_view::npos;
            unsigned bits = 0;
            const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
            if (ec != std::errc{} || end != digits.data() + digits.size() || bits > (four ? 32U : 128U))
                throw std::invalid_argument{std::string{word} + " is not an IP network"};
            n.bits = four ? mapped_bits + bits : bits;
        }
        networks_.push_back(n);
    }
}

bool trusted_proxies::contains(const ip_address& address) const noexcept
{
    return std::any_of(networks_.begin(), networks_.end(), [&](const network& n) {
        const auto& a = n.address.bytes();
        const auto& b = address.bytes();
        const auto whole = n.bits / 8;
        if (!std::equal(a.begin(), a.begin() + whole, b.begin())) return false;
        const auto left = n.bits % 8;
        return left == 0 || (a[whole] ^ b[whole]) >> (8 - left) == 0;
    });
}

ip_address trusted_proxies::client_behind(const ip_address& proxy, const request& r) const noexcept
{
    const bool rfc7239 = header_ == forwarding_header::forwarded;
    std::optional<ip_address> found;
    for (const auto& field : r.headers()) {
        if (!iequals(field.name, rfc7239 ? "forwarded" : "x-forwarded-for")) continue;
        const auto q = rfc7239 && !ends_in_quotes(field.value) ? quoting::strings : quoting::none;
        auto list = field.value;
        for (auto e = next_element(list, q); !e.empty(); e = next_element(list, q)) {
            const auto address = ip_address::parse_node(rfc7239 ? node_of(e) : e);
            // Each proxy appends at the right, so the last untrusted address is the client, whatever precedes it.
            if (!address || !found || !contains(*address)) found = address;
        }
    }
    return found.value_or(proxy);
}

}  // namespace agora::http
