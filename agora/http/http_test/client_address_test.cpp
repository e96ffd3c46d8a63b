// SPDX-License-Identifier: MIT
// The client's address, with and without trusted proxies: X-Forwarded-For, Forwarded, and attempts to forge them.
#include <gtest/gtest.h>
#include <agora/http/client_address.hpp>
#include <stdexcept>

namespace agora::http {
namespace {

std::string text_of(const std::optional<ip_address>& a)
{
    ip_address::text_buffer out{};
    return a ? std::string{a->write_to(out)} : "none";
}

TEST(ip_address, is_read_with_and_without_port_and_brackets)
{
    const std::pair<const char*, const char*> cases[] = {
        {"192.0.2.60", "192.0.2.60"},
        {"192.0.2.60:4711", "192.0.2.60"},
        {"2001:db8:cafe::17", "2001:db8:cafe::17"},
        {"2001:DB8:CAFE:0::17", "2001:db8:cafe::17"},
        {"[2001:db8::1]", "2001:db8::1"},
        {"[2001:db8::1]:4711", "2001:db8::1"},
        {"::ffff:10.1.2.3", "10.1.2.3"},
        {"[::ffff:10.1.2.3]:80", "10.1.2.3"},
        {"192.0.2.60:_port", "192.0.2.60"},
        {"", "none"},
        {"unknown", "none"},
        {"_hidden", "none"},
        {"192.0.2", "none"},
        {"192.0.2.256", "none"},
        {"192.0.2.60:", "none"},
        {"192.0.2.60:x", "none"},
        {"192.0.2.60:123456", "none"},
        {"[192.0.2.60]", "none"},
        {"[2001:db8::1", "none"},
        {"[2001:db8::1]4711", "none"},
        {"[2001:db8::1]:", "none"},
        {"2001:db8::g", "none"},
        {"fe80::1%eth0", "none"},
        {"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa", "none"},
    };
    for (const auto& [text, address] : cases) EXPECT_EQ(text_of(ip_address::parse_node(text)), address) << text;
}

TEST(client_network, is_an_ipv4_address_or_a_64)
{
    EXPECT_EQ(client_network("192.0.2.60"), "192.0.2.60");
    EXPECT_EQ(client_network("2001:db8:1:2:aaaa::1"), "2001:db8:1:2::");
    EXPECT_EQ(client_network("2001:db8:1:2:bbbb::1"), "2001:db8:1:2::");
    EXPECT_EQ(client_network("2001:db8:1:3::1"), "2001:db8:1:3::");
    EXPECT_EQ(client_network(""), "");
}

struct forwarded_case {
    const char* why;
    std::string peer;
    std::vector<header_field> fields;
    std::string client;
};

std::string client(const trusted_proxies& proxies, const forwarded_case& c)
{
    request r;
    for (const auto& f : c.fields) r.add_header(f.name, f.value);
    const auto peer = ip_address::parse(c.peer);
    return text_of(proxies.contains(*peer) ? proxies.client_behind(*peer, r) : *peer);
}

constexpr std::string_view xff = "X-Forwarded-For";

TEST(trusted_proxies_test, the_last_untrusted_hop_is_the_client)
{
    const trusted_proxies proxies{"10.0.0.0/8, fd00::/8, 192.0.2.7"};
    const std::vector<forwarded_case> cases{
        {"no header", "10.1.2.3", {}, "10.1.2.3"},
        {"the header of an untrusted peer is ignored", "203.0.113.9", {{xff, "1.1.1.1"}}, "203.0.113.9"},
        {"one hop", "10.1.2.3", {{xff, "203.0.113.9"}}, "203.0.113.9"},
        {"forged by the client", "10.1.2.3", {{xff, "made-up, 1.1.1.1, 203.0.113.9, 10.9.9.9"}}, "203.0.113.9"},
        {"all trusted", "10.1.2.3", {{xff, "10.0.0.7, 10.0.0.8"}}, "10.0.0.7"},
        {"unreadable", "10.1.2.3", {{xff, "evil"}}, "10.1.2.3"},
        {"after an unreadable element", "10.1.2.3", {{xff, "1.1.1.1, evil, 10.0.0.8"}}, "10.0.0.8"},
        {"two lines, as HAProxy sends them",
         "10.1.2.3",
         {{xff, "1.1.1.1"}, {"Via", "x"}, {xff, "203.0.113.9"}},
         "203.0.113.9"},
        {"three lines",
         "10.1.2.3",
         {{xff, "1.1.1.1"}, {xff, "203.0.113.9"}, {xff, "10.3.3.3, 192.0.2.7"}},
         "203.0.113.9"},
        {"an empty last line", "10.1.2.3", {{xff, "203.0.113.9"}, {xff, ""}}, "203.0.113.9"},
        {"empty elements", "10.1.2.3", {{xff, ",203.0.113.9 , ,"}}, "203.0.113.9"},
        {"with ports", "10.1.2.3", {{xff, "1.1.1.1:1, 203.0.113.9:55555, 10.0.0.8:80"}}, "203.0.113.9"},
        {"IPv6", "fd00::5", {{xff, "2001:db8:1:3::1"}}, "2001:db8:1:3::1"},
        {"IPv6 with a port", "fd00::5", {{xff, "[2001:db8:1:3::1]:4711, [fd00::9]:80"}}, "2001:db8:1:3::1"},
        {"a mapped peer", "::ffff:10.1.2.3", {{xff, "1.1.1.1"}}, "1.1.1.1"},
        {"a quote does not hide what follows it", "10.1.2.3", {{xff, "\", 203.0.113.9"}}, "203.0.113.9"},
        {"the other header", "10.1.2.3", {{"Forwarded", "for=1.1.1.1"}}, "10.1.2.3"},
        {"any case", "10.1.2.3", {{"x-FORWARDED-for", "203.0.113.9"}}, "203.0.113.9"},
    };
    for (const auto& c : cases) EXPECT_EQ(client(proxies, c), c.client) << c.why;
}

TEST(trusted_proxies_test, forwarded_is_read_when_it_is_configured)
{
    const trusted_proxies proxies{"10.0.0.0/8", forwarding_header::forwarded};
    constexpr std::string_view name = "Forwarded";
    const std::vector<forwarded_case> cases{
        {"one hop", "10.1.2.3", {{name, "for=192.0.2.60;proto=http;by=203.0.113.43"}}, "192.0.2.60"},
        {"two hops", "10.1.2.3", {{name, "for=192.0.2.43, for=198.51.100.17;by=10.0.0.1"}}, "198.51.100.17"},
        {"not first", "10.1.2.3", {{name, "proto=https;host=\"a;b,c\" ; FOR=\"192.0.2.60:80\""}}, "192.0.2.60"},
        {"IPv6", "10.1.2.3", {{name, "For=\"[2001:db8:cafe::17]:4711\""}}, "2001:db8:cafe::17"},
        {"lines", "10.1.2.3", {{name, "for=1.1.1.1"}, {name, "for=192.0.2.60"}, {name, "for=10.0.0.9"}}, "192.0.2.60"},
        {"hidden", "10.1.2.3", {{name, "for=1.1.1.1, for=_hidden, for=10.0.0.9"}}, "10.0.0.9"},
        {"unknown", "10.1.2.3", {{name, "for=unknown"}}, "10.1.2.3"},
        {"no for", "10.1.2.3", {{name, "for=1.1.1.1, proto=https"}}, "10.1.2.3"},
        {"an open quote does not hide what follows it",
         "10.1.2.3",
         {{name, "for=1.1.1.1;x=\", for=192.0.2.60"}},
         "192.0.2.60"},
        {"an open quote before another quote",
         "10.1.2.3",
         {{name, "for=1.1.1.1;x=\", for=\"[2001:db8::9]\""}},
         "2001:db8::9"},
        {"an escaped quote", "10.1.2.3", {{name, "for=\"a\\\", for=1.1.1.1;x=\", for=192.0.2.60"}}, "192.0.2.60"},
        {"a quote with a backslash at its end",
         "10.1.2.3",
         {{name, "for=1.1.1.1;x=\"\\, for=\"192.0.2.60\""}},
         "192.0.2.60"},
        {"the other header", "10.1.2.3", {{xff, "1.1.1.1"}}, "10.1.2.3"},
    };
    for (const auto& c : cases) EXPECT_EQ(client(proxies, c), c.client) << c.why;
}

TEST(trusted_proxies_test, networks_contain_the_addresses_with_their_prefix)
{
    const auto holds = [](const char* list, const char* address) {
        return trusted_proxies{list}.contains(*ip_address::parse(address));
    };
    EXPECT_TRUE(holds("10.0.0.0/8", "10.255.0.1"));
    EXPECT_FALSE(holds("10.0.0.0/8", "11.0.0.1"));
    EXPECT_TRUE(holds("10.128.0.0/9", "10.200.0.1"));
    EXPECT_FALSE(holds("10.128.0.0/9", "10.127.0.1"));
    EXPECT_TRUE(holds("127.0.0.1, ::1", "::1"));
    EXPECT_FALSE(holds("127.0.0.1", "127.0.0.2"));
    EXPECT_TRUE(holds("2001:db8::/33", "2001:db8:7fff::1"));
    EXPECT_FALSE(holds("2001:db8::/33", "2001:db8:8000::1"));
    EXPECT_TRUE(holds("0.0.0.0/0", "9.9.9.9"));
    EXPECT_FALSE(holds("0.0.0.0/0", "2001:db8::1"));
    EXPECT_TRUE(holds("::/0", "9.9.9.9"));
    EXPECT_FALSE(holds("", "9.9.9.9"));
}

TEST(trusted_proxies_test, malformed_networks_are_rejected)
{
    for (const auto* bad :
         {"localhost", "10.0.0.0/33", "10.0.0.0/", "::/129", "10.0.0.0/-1", "1.2.3", "[::1]", "10.0.0.1:80"})
        EXPECT_THROW(trusted_proxies{bad}, std::invalid_argument) << bad;
}

}  // namespace
}  // namespace agora::http
