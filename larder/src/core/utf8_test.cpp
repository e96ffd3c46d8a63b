// SPDX-License-Identifier: MIT
// Tests which byte sequences are UTF-8, and how malformed and overlong texts are repaired and cut.
#include <gtest/gtest.h>
#include <larder/utf8.hpp>

namespace larder {
namespace {

struct utf8_case {
    std::string_view text;
    bool good;
    std::string_view repaired;
};

const utf8_case utf8_cases[] = {
    {"", true, ""},
    {"plain ASCII, longer than one word of the machine", true, "plain ASCII, longer than one word of the machine"},
    {"\x7f", true, "\x7f"},
    {"\xc3\xa9", true, "\xc3\xa9"},
    {"12345678\xe2\x82\xac", true, "12345678\xe2\x82\xac"},
    {"\xf0\x9f\x98\x80", true, "\xf0\x9f\x98\x80"},
    {"\xf4\x8f\xbf\xbf", true, "\xf4\x8f\xbf\xbf"},
    {"\xee\x80\x80\xef\xbf\xbf", true, "\xee\x80\x80\xef\xbf\xbf"},
    {"\xff", false, "\xef\xbf\xbd"},
    {"a\x80z", false, "a\xef\xbf\xbdz"},
    {"1234567\xc3", false, "1234567\xef\xbf\xbd"},
    {"\xe2\x82", false, "\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xc3z", false, "\xef\xbf\xbdz"},
    {"\xc0\xaf", false, "\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xe0\x9f\xbf", false, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xed\xa0\x80", false, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xf0\x8f\xbf\xbf", false, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xf4\x90\x80\x80", false, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xf5\x80\x80\x80", false, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
};

TEST(utf8, overlong_forms_surrogates_and_cut_characters_are_not_well_formed)
{
    for (const auto& c : utf8_cases) EXPECT_EQ(is_utf8(c.text), c.good) << c.repaired;
}

TEST(utf8, a_bad_byte_is_replaced_and_the_rest_is_kept)
{
    for (const auto& c : utf8_cases) EXPECT_EQ(repaired_utf8(c.text, 100), c.repaired);
}

TEST(utf8, a_text_is_cut_between_characters_only)
{
    const std::string_view text = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";
    const std::size_t kept[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10};
    for (std::size_t most = 0; most < std::size(kept); ++most)
        EXPECT_EQ(repaired_utf8(text, most), text.substr(0, kept[most])) << most;
    EXPECT_EQ(repaired_utf8("a\xff", 3), "a") << "no room for the replacement";
}

}  // namespace
}  // namespace larder
