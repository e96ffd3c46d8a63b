// SPDX-License-Identifier: MIT
// The decoder of chunked bodies: every split of the input, malformed and ambiguous input, and the limits.
#include <gtest/gtest.h>

#include <agora/http/chunked.hpp>
#include <string>

namespace agora::http {
namespace {

using status = chunked_decoder::status;

struct decoded {
    status state;
    std::string payload;
    std::size_t consumed;
    bool operator==(const decoded&) const = default;
};

/// Decodes the bytes in two pieces, as they might arrive from a socket.
decoded decode(std::string_view bytes, std::size_t cut, std::size_t limit = 1000)
{
    chunked_decoder d{limit};
    decoded result{status::need_more, {}, 0};
    for (const auto piece : {bytes.substr(0, cut), bytes.substr(cut)}) {
        std::string buffer{piece};
        const auto p = d.decode(buffer.data(), buffer.size(), buffer.data());
        result.state = p.state;
        result.payload += buffer.substr(0, p.written);
        result.consumed += p.consumed;
        if (p.state != status::need_more) break;
    }
    return result;
}

TEST(chunked, every_split_of_a_body_gives_the_same_result)
{
    const std::string body = "5\r\nhello\r\nA;name=\"v\"\r\n0123456789\r\n0\r\nTrailer: x\r\nOther: y\r\n\r\n";
    const auto whole = body + "GET / HTTP/1.1";
    for (std::size_t cut = 0; cut <= body.size(); ++cut) {
        EXPECT_EQ(decode(whole, cut), (decoded{status::done, "hello0123456789", body.size()})) << cut;
    }
    for (std::size_t n = 0; n < body.size(); ++n)
        EXPECT_EQ(decode(body.substr(0, n), n / 2).state, status::need_more) << n;
}

TEST(chunked, ambiguous_input_is_malformed)
{
    for (const std::string_view bad : {"\r\n",
                                       "g\r\n",
                                       "+5\r\nhello\r\n",
                                       "-1\r\n",
                                       "0x5\r\nhello\r\n",
                                       " 5\r\nhello\r\n",
                                       "5 \r\nhello\r\n",
                                       "5\nhello\r\n",
                                       "5\rhello",
                                       "5\r\nhelloX\r\n",
                                       "5\r\nhello\n0\r\n\r\n",
                                       "5\r\nhello\rX",
                                       "000000005\r\nhello\r\n",
                                       "fffffffff\r\n",
                                       "5;a\nb\r\nhello\r\n",
                                       "5;\x01\r\n",
                                       "0\r\n Folded: x\r\n\r\n",
                                       "0\r\nNo colon\r\n\r\n",
                                       "0\r\nNoColon\r\n\r\n",
                                       "0\r\n: x\r\n\r\n",
                                       "0\r\nX : y\r\n\r\n",
                                       "0\r\nX: y\n\r\n",
                                       "0\r\n\n",
                                       "0\r\n\rX",
                                       "5,5\r\nhello\r\n"}) {
        for (std::size_t cut = 0; cut < bad.size(); ++cut)
            EXPECT_EQ(decode(bad, cut).state, status::malformed) << bad << " at " << cut;
    }
}

TEST(chunked, the_limit_is_checked_before_the_bytes_are_stored)
{
    EXPECT_EQ(decode("a\r\n0123456789\r\n0\r\n\r\n", 0, 10).state, status::done);
    EXPECT_EQ(decode("b\r\n", 0, 10), (decoded{status::too_large, "", 3}));
    EXPECT_EQ(decode("6\r\n012345\r\n5\r\n", 0, 10).state, status::too_large);
    EXPECT_EQ(decode("ffffffff\r\n", 0, 10).state, status::too_large);
}

TEST(chunked, extensions_and_trailers_are_bounded)
{
    EXPECT_EQ(decode("5;" + std::string(256, 'x') + "\r\nhello\r\n0\r\n\r\n", 0).state, status::done);
    EXPECT_EQ(decode("5;" + std::string(257, 'x') + "\r\nhello\r\n0\r\n\r\n", 0).state, status::malformed);
    EXPECT_EQ(decode("0\r\nX: " + std::string(5000, 'x') + "\r\n\r\n", 0).state, status::malformed);
    std::string many = "0\r\n";
    for (int i = 0; i < 2000; ++i) many += "X: y\r\n";
    EXPECT_EQ(decode(many + "\r\n", 0).state, status::malformed)
        << "the whole trailer section is limited, not only each line";
}

}  // namespace
}  // namespace agora::http
