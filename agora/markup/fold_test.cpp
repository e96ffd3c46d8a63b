// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <agora/markup/fold.hpp>

namespace agora::markup {
namespace {

TEST(folding, text_that_differs_in_case_only_is_equal)
{
    struct {
        const char* written;
        const char* folded;
    } const cases[] = {
        {"", ""},
        {"Anna_9", "anna_9"},
        {"ÄRGER", "ärger"},
        {"A\u0308rger", "ärger"},  // composed and not
        {"STRASSE", "strasse"},
        {"Straße", "strasse"},
        {"ΣΊΣΥΦΟΣ", "σίσυφοσ"},
        {"Σίσυφος", "σίσυφοσ"},
        {"ПРИВЕТ", "привет"},
        {"\u212A", "k"},  // Kelvin
        {"ＡＮＮ", "ａｎｎ"},
        {"日本", "日本"},
        {"an\u200Bn", "an\u200Bn"},
        {"A\xff", "a\xff"},
    };
    for (const auto& c : cases) EXPECT_EQ(folded(c.written), c.folded) << c.written;
    for (const auto& c : cases) EXPECT_EQ(folded(folded(c.written)), c.folded) << "twice is once";
}

}  // namespace
}  // namespace agora::markup
