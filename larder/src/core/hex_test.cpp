// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <larder/hex.hpp>

#include <array>

namespace larder {
namespace {

TEST(hex, each_byte_is_two_digits)
{
    const std::array<unsigned char, 3> bytes{0x00, 0x7f, 0xab};
    EXPECT_EQ(to_hex(bytes), "007fab");
    EXPECT_EQ(to_hex(bytes, "0123456789ABCDEF"), "007FAB");
    EXPECT_EQ(to_hex({}), "");
}

TEST(hex, only_digits_have_a_value)
{
    std::string digits;
    for (int c = -128; c < 128; ++c)
        if (hex_value(static_cast<char>(c)) >= 0) digits += static_cast<char>(c);
    EXPECT_EQ(digits, "0123456789ABCDEFabcdef");
    EXPECT_EQ(hex_value('9'), 9);
    EXPECT_EQ(hex_value('a'), 10);
    EXPECT_EQ(hex_value('F'), 15);
}

TEST(percent_escapes, every_byte_survives)
{
    for (int c = 0; c < 256; ++c) {
        std::string text;
        append_escaped(text, static_cast<char>(c));
        EXPECT_EQ(text.size(), 3U);
        EXPECT_EQ(escaped_byte(text + "rest"), c);
    }
    EXPECT_EQ(escaped_byte("%2f"), '/');
    for (const auto* bad : {"", "%", "%1", "%g0", "%0g", "2f0"}) EXPECT_EQ(escaped_byte(bad), -1) << bad;
}

}  // namespace
}  // namespace larder
