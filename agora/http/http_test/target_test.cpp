// SPDX-License-Identifier: MIT
// The four forms of a request target (RFC 9112 3.2), hosts, and percent-encoded text.
#include <gtest/gtest.h>
#include <agora/http/framing.hpp>
#include <agora/http/head_parser.hpp>
#include <agora/http/target.hpp>

namespace agora::http {
namespace {

struct target_case {
    std::string_view method;
    std::string_view target;
    unsigned status;  ///< of the refusal; 0: the target is accepted
    std::string_view path = {};
    std::string_view query = {};
};

const target_case target_cases[] = {
    // origin-form
    {"GET", "/", 0, "/", ""},
    {"GET", "/a/b?c=d?e", 0, "/a/b", "c=d?e"},
    {"GET", "/?", 0, "/", ""},
    {"GET", "//a", 0, "//a", ""},
    {"GET", "/http://a/b", 0, "/http://a/b", ""},
    {"GET", "?a=b", 400},
    {"GET", "a/b", 400},
    {"OPTIONS", "/a", 0, "/a", ""},
    // absolute-form
    {"GET", "http://h", 0, "/", ""},
    {"GET", "http://h/", 0, "/", ""},
    {"GET", "http://h?x", 0, "/", "x"},
    {"GET", "HTTPS://user-less.example:8080/x?y=1", 0, "/x", "y=1"},
    {"GET", "http://[2001:db8::1]:80/x", 0, "/x", ""},
    {"GET", "http://h:/x", 0, "/x", ""},
    {"GET", "http://h:65535/x", 0, "/x", ""},
    {"OPTIONS", "http://h:8001", 0, "*", ""},
    {"OPTIONS", "http://h/", 0, "/", ""},
    {"GET", "http://", 400},
    {"GET", "http:///x", 400},
    {"GET", "http://:80/x", 400},
    {"GET", "http://u@h/x", 400},
    {"GET", "http://u:p@h/x", 400},
    {"GET", "http://h:65536/x", 400},
    {"GET", "http://h:8x/x", 400},
    {"GET", "http://h:1:2/x", 400},
    {"GET", "http://[::1/x", 400},
    {"GET", "http://[::1]x/x", 400},
    {"GET", "http://[]/x", 400},
    {"GET", "http://h%zz/x", 400},
    {"GET", "http:/x", 400},
    {"GET", "http:x", 400},
    {"GET", "ftp://h/x", 400},
    {"GET", "urn:isbn:1", 400},
    {"GET", "://h/x", 400},
    // authority-form
    {"CONNECT", "h:443", 501},
    {"CONNECT", "[::1]:443", 501},
    {"CONNECT", "h", 400},
    {"CONNECT", "h:", 400},
    {"CONNECT", ":443", 400},
    {"CONNECT", "[::1]", 400},
    {"CONNECT", "/x", 400},
    {"CONNECT", "http://h/x", 400},
    {"CONNECT", "*", 400},
    {"GET", "h:443", 400},
    {"GET", "localhost:80", 400},
    // asterisk-form
    {"OPTIONS", "*", 0, "*", ""},
    {"GET", "*", 400},
    {"POST", "*", 400},
    {"OPTIONS", "*?x", 400},
    {"OPTIONS", "/*", 0, "/*", ""},
};

TEST(request_target, each_form_is_allowed_for_its_methods_only)
{
    for (const auto& c : target_cases) {
        const auto* why = check_target(c.method, c.target);
        EXPECT_EQ(why != nullptr ? why->code->status : 0U, c.status) << c.method << " " << c.target;
        if (why != nullptr || c.status != 0) continue;
        const auto parts = split_target(c.method, c.target);
        EXPECT_EQ(parts.path, c.path) << c.target;
        EXPECT_EQ(parts.query, c.query) << c.target;
    }
}

TEST(request_target, is_checked_before_the_header_is_parsed)
{
    for (const auto& c : target_cases) {
        const auto head = std::string{c.method} + " " + std::string{c.target} + " HTTP/1.1\r\nHost: a\r\n\r\n";
        const auto check = check_head(head, {});
        EXPECT_EQ(check.state == head_state::refused ? check.why.code->status : 0U, c.status) << head;
        if (check.state != head_state::complete) continue;
        request r;
        ASSERT_TRUE(parse_head(head, r)) << head;
        EXPECT_EQ(r.path, c.path);
        EXPECT_EQ(r.query, c.query);
        EXPECT_EQ(r.target, c.target) << "the target is stored as sent";
    }
}

TEST(request_target, a_host_is_a_name_or_an_address_with_at_most_one_port)
{
    for (const auto* good :
         {"", "a", "a.example", "a.example:80", "a:", "127.0.0.1:8080", "[::1]", "[::1]:80", "a%C3%A9"})
        EXPECT_TRUE(is_authority(good)) << good;
    for (const auto* bad : {"a:b", "a:80:80", "a:80x", "a:99999", "[::1", "::1", "[::1]80", "[g]", "[]", "a%ff", "a%",
                            "u@a", "a/b", "a b", "a,b", "a?b"})
        EXPECT_FALSE(is_authority(bad)) << bad;
}

TEST(encoded_text, is_utf8_without_nul)
{
    for (const auto* good : {"", "plain", "a+b", "%20", "%41%42", "%C3%A9", "%c3%a9x", "%E2%82%AC", "%F0%9F%98%80",
                             "%7F%01", "/a%2Fb", "x=%26&y=%3D", "%25%66%66"})
        EXPECT_TRUE(is_encoded_text(good)) << good;
    for (const auto* bad : {"%",
                            "a%",
                            "%4",
                            "%zz",
                            "%4g",
                            "%g4",
                            "%%41",
                            "%00",
                            "a%00b",
                            "%ff",
                            "%80",
                            "%C3",
                            "%C3x",
                            "%C3%",
                            "%C3%zz",
                            "%C3%28",
                            "%C3&%A9",
                            "%C0%AF",
                            "%E0%80%80",
                            "%ED%A0%80",
                            "%ED%A0%BD%ED%B8%80",
                            "%F4%90%80%80",
                            "%F5%80%80%80",
                            "%E2%82",
                            "%fe",
                            "%C3%A9%A9"})
        EXPECT_FALSE(is_encoded_text(bad)) << bad;
}

}  // namespace
}  // namespace agora::http
