// SPDX-License-Identifier: MIT
// The check of header blocks: what is accepted, a table of what is refused, and the limits. Also the parser that runs
// after it.
#include <gtest/gtest.h>

#include <agora/http/framing.hpp>
#include <agora/http/head_parser.hpp>
#include <string>

namespace agora::http {
namespace {

const framing_limits limits;

std::string get(std::string_view fields) { return "GET /x HTTP/1.1\r\nHost: a\r\n" + std::string{fields} + "\r\n"; }

unsigned status_of(std::string_view bytes)
{
    const auto c = check_head(bytes, limits);
    return c.state == head_state::refused ? c.why.code->status : c.state == head_state::complete ? 200 : 0;
}

TEST(framing, ordinary_requests_are_accepted_and_their_framing_is_read)
{
    const auto c =
        check_head(get("Content-Length: 12\r\nConnection: foo , CLOSE\r\nExpect: 100-continue\r\n") + "body", limits);
    ASSERT_EQ(c.state, head_state::complete);
    EXPECT_EQ(c.facts.content_length, 12U);
    EXPECT_FALSE(c.facts.chunked);
    EXPECT_FALSE(c.facts.keep_alive);
    EXPECT_TRUE(c.facts.expects_continue);
    EXPECT_TRUE(check_head(get("Transfer-Encoding: Chunked\r\n"), limits).facts.chunked);
    EXPECT_EQ(status_of("GET http://h/x?y=1 HTTP/1.1\r\nHost: h:80\r\n\r\n"), 200U);
    EXPECT_EQ(status_of("OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"), 200U);
    EXPECT_EQ(status_of(get("X: \xc3\xa9 tab\there\r\nEmpty:\r\n")), 200U);
}

TEST(framing, http_1_0_needs_no_host_and_closes_unless_asked)
{
    EXPECT_FALSE(check_head("GET / HTTP/1.0\r\n\r\n", limits).facts.keep_alive);
    EXPECT_TRUE(check_head("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", limits).facts.keep_alive);
}

struct refused_case {
    const char* name;
    std::string bytes;
    unsigned status;
};

class refused : public ::testing::TestWithParam<refused_case> {};

TEST_P(refused, ambiguous_or_broken_heads_are_refused) { EXPECT_EQ(status_of(GetParam().bytes), GetParam().status); }

std::vector<refused_case> refused_cases()
{
    const std::string nul(1, '\0');
    return {
        {"length_and_coding", get("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"), 400},
        {"coding_and_length", get("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"), 400},
        {"two_lengths", get("Content-Length: 3\r\nContent-Length: 4\r\n"), 400},
        {"two_equal_lengths", get("Content-Length: 3\r\nContent-Length: 3\r\n"), 400},
        {"length_list", get("Content-Length: 1,1\r\n"), 400},
        {"length_with_plus", get("Content-Length: +5\r\n"), 400},
        {"negative_length", get("Content-Length: -5\r\n"), 400},
        {"hex_length", get("Content-Length: 0x5\r\n"), 400},
        {"empty_length", get("Content-Length:\r\n"), 400},
        {"length_with_space", get("Content-Length: 5 5\r\n"), 400},
        {"huge_length", get("Content-Length: 99999999999999999999\r\n"), 400},
        {"identity", get("Transfer-Encoding: identity\r\n"), 400},
        {"xchunked", get("Transfer-Encoding: xchunked\r\n"), 400},
        {"chunked_gzip", get("Transfer-Encoding: chunked, gzip\r\n"), 400},
        {"gzip_chunked", get("Transfer-Encoding: gzip, chunked\r\n"), 400},
        {"chunked_twice", get("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
        {"chunked_chunked", get("Transfer-Encoding: chunked, chunked\r\n"), 400},
        {"quoted_chunked", get("Transfer-Encoding: \"chunked\"\r\n"), 400},
        {"coding_with_vtab",
         get("Transfer-Encoding: \x0b"
             "chunked\r\n"),
         400},
        {"empty_coding", get("Transfer-Encoding:\r\n"), 400},
        {"coding_in_1_0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        {"space_before_colon", get("Content-Length : 5\r\n"), 400},
        {"tab_before_colon", get("X\t: 5\r\n"), 400},
        {"obs_fold", get("X: a\r\n b\r\n"), 400},
        {"obs_fold_tab", get("X: a\r\n\tb\r\n"), 400},
        {"first_line_folded", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
        {"bare_cr_in_value", get("X: a\rb\r\n"), 400},
        {"bare_lf_in_value", get("X: a\nY: b\r\n"), 400},
        {"bare_lf_line_end", "GET / HTTP/1.1\nHost: a\n\n", 400},
        {"lf_before_end", "GET / HTTP/1.1\r\nHost: a\r\nX: y\n\r\n\r\n", 400},
        {"nul_in_value", get("X: a" + nul + "b\r\n"), 400},
        {"nul_in_name", get("X" + nul + ": b\r\n"), 400},
        {"no_colon", get("Nonsense\r\n"), 400},
        {"empty_name", get(": b\r\n"), 400},
        {"brackets_in_name", get("[X]: b\r\n"), 400},
        {"delete_in_value", get("X: \x7f\r\n"), 400},
        {"no_host", "GET / HTTP/1.1\r\n\r\n", 400},
        {"two_hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
        {"two_equal_hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
        {"host_list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400},
        {"host_with_at", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400},
        {"host_with_slash", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
        {"high_byte_in_target", "GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"delete_in_target", "GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"fragment", "GET /#x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"space_in_target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"two_spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"tab_in_line", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"no_target", "GET HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"http_0_9", "GET /\r\n\r\n", 400},
        {"lower_case_version", "GET / http/1.1\r\nHost: a\r\n\r\n", 400},
        {"long_version", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400},
        {"http_2", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
        {"http_2_preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
        {"parenthesis_in_method", "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"leading_space", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"unknown_expectation", get("Expect: 200-ok\r\n"), 417},
    };
}

INSTANTIATE_TEST_SUITE_P(framing, refused, ::testing::ValuesIn(refused_cases()),
                         [](const auto& one) { return std::string{one.param.name}; });

TEST(framing, each_limit_holds_at_its_edge)
{
    const auto line = [](std::size_t n) {
        const std::string around = "GET / HTTP/1.1";
        return "GET /" + std::string(n - around.size(), 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n";
    };
    EXPECT_EQ(status_of(line(8192)), 200U);
    EXPECT_EQ(status_of(line(8193)), 414U);
    EXPECT_EQ(status_of(std::string(8192, 'a')), 0U) << "the request line may still end";
    EXPECT_EQ(status_of(std::string(8193, 'a')), 414U);

    const auto block = [](std::size_t n) {
        const auto rest = get("X: \r\n").size();
        return get("X: " + std::string(n - rest, 'b') + "\r\n");
    };
    EXPECT_EQ(status_of(block(16384)), 200U);
    EXPECT_EQ(status_of(block(16385)), 431U);
    EXPECT_EQ(status_of(block(16384).substr(0, 16000) + std::string(400, 'b')), 431U)
        << "refused although its end has not arrived";

    const auto fields = [](int n) {
        std::string f;
        for (int i = 1; i < n; ++i) f += "X: y\r\n";
        return get(f);
    };
    EXPECT_EQ(status_of(fields(100)), 200U);
    EXPECT_EQ(status_of(fields(101)), 431U);
}

TEST(framing, a_header_block_may_arrive_in_any_pieces)
{
    const auto whole = get("Content-Length: 12\r\nX: y\r\n");
    for (std::size_t n = 0; n < whole.size(); ++n) EXPECT_EQ(status_of(whole.substr(0, n)), 0U) << n;
    EXPECT_EQ(status_of(whole), 200U);
}

TEST(head_parser, fields_are_views_and_the_target_is_split)
{
    const auto bytes = get("X-One: 1\r\nx-one:  2 \r\n");
    request r;
    ASSERT_TRUE(parse_head(bytes, r));
    EXPECT_EQ(r.method, verb::get);
    EXPECT_EQ(r.header("X-ONE"), "1");
    EXPECT_EQ(r.headers().size(), 3U);
    EXPECT_EQ(r.headers()[2].value, "2");
    EXPECT_GE(r.header("host").data(), bytes.data());
    const std::string absolute = "PUT HTTP://h:80/a/b?c=%20d+e&f HTTP/1.1\r\nHost: h\r\n\r\n";
    ASSERT_TRUE(parse_head(absolute, r));
    EXPECT_EQ(r.path, "/a/b");
    EXPECT_EQ(r.query, "c=%20d+e&f");
    EXPECT_EQ(r.query_param("c"), " d e");
    EXPECT_EQ(r.query_param("f"), "");
    EXPECT_EQ(r.query_param("g"), std::nullopt);
}

TEST(percent_decoding, bad_escapes_and_nul_are_refused)
{
    EXPECT_EQ(percent_decode("a%2Fb+c", false), "a/b+c");
    for (const auto* bad : {"%", "%1", "%zz", "a%00b"}) EXPECT_EQ(percent_decode(bad, false), std::nullopt) << bad;
}

}  // namespace
}  // namespace agora::http
