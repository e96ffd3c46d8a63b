// SPDX-License-Identifier: MIT
// Case folding: texts that differ only in case fold to the same text, and folding is idempotent.
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
        {"A\u0308rger", "ärger"},  // decomposed input, composed output
        {"STRASSE", "strasse"},
        {"Straße", "strasse"},
        {"ΣΊΣΥΦΟΣ", "σίσυφοσ"},
        {"Σίσυφος", "σίσυφοσ"},
        {"ПРИВЕТ", "привет"},
        {"\u212A", "k"},  // Kelvin sign
        {"ＡＮＮ", "ａｎｎ"},
        {"日本", "日本"},
        {"an\u200Bn", "an\u200Bn"},
        {"A\xff", "a\xff"},
    };
    for (const auto& c : cases) EXPECT_EQ(folded(c.written), c.folded) << c.written;
    for (const auto& c : cases)
        EXPECT_EQ(folded(folded(c.written)), c.folded) << "folding twice gives the same text as folding once";
}

}  // namespace
}  // namespace agora::markup
