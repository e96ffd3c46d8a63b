// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <larder/ascii.hpp>

namespace larder {
namespace {

TEST(ascii, only_letters_have_a_lower_case)
{
    EXPECT_EQ(to_lower('A'), 'a');
    EXPECT_EQ(to_lower('Z'), 'z');
    for (const char c : {'a', '@', '[', '0', '\0', '\xc4'}) EXPECT_EQ(to_lower(c), c);
    EXPECT_TRUE(iequals("Content-TYPE", "content-type"));
    EXPECT_FALSE(iequals("[", "{"));
    EXPECT_FALSE(iequals("a", "ab"));
}

TEST(ascii, white_space_goes_from_both_ends)
{
    EXPECT_EQ(trimmed(" \t\r\na b\n "), "a b");
    EXPECT_EQ(trimmed(" \n "), "");
    EXPECT_EQ(trimmed(""), "");
    EXPECT_EQ(trimmed("\n a ", " "), "\n a");
}

}  // namespace
}  // namespace larder
