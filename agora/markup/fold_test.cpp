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
        {"A\xff", "a\xff"},
    };
    for (const auto& c : cases) EXPECT_EQ(folded_text(c.written), c.folded) << c.written;
    for (const auto& c : cases) EXPECT_EQ(folded_text(folded_text(c.written)), c.folded) << "twice is once";
}

TEST(folding, names_are_equal_when_they_look_equal)
{
    for (const auto* written : {"ann", "ANN", "Ann", "ＡＮＮ", "ａnn", "a\u00ADnn", "an\u200Bn"})
        EXPECT_EQ(folded_name(written), "ann") << written;
    EXPECT_EQ(folded_name("ﬁn"), "fin");
    EXPECT_EQ(folded_name("Ä"), "ä");
}

}  // namespace
}  // namespace agora::markup
