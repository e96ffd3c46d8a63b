// SPDX-License-Identifier: MIT
// Tests that json::members keeps unknown members exactly as they were written.
#include <gtest/gtest.h>
#include <larder/json/members.hpp>

namespace larder::json {
namespace {

TEST(members_test, keeps_unknown_members_as_written)
{
    const std::string_view text = R"({"a":{"b":[1, 2,{"c":"}]"}]},"odd \" key":1e5,"u":"\u00e9","n":null,"t":true})";
    const auto all = members::parse(text);
    ASSERT_TRUE(all);
    EXPECT_EQ(all->text(), text);
    EXPECT_EQ(*all->find("a"), R"({"b":[1, 2,{"c":"}]"}]})");
    EXPECT_EQ(*all->find("odd \" key"), "1e5");
    EXPECT_EQ(all->get<std::string>("u"), "\u00e9");
    EXPECT_EQ(all->get<bool>("t"), true);
    EXPECT_EQ(all->get<bool>("u"), std::nullopt);
    EXPECT_FALSE(all->contains("b"));
}

TEST(members_test, white_space_between_members_is_not_kept)
{
    const auto all = members::parse(" { \"a\" : 1 ,\n\t\"b\" : [ ] } ");
    ASSERT_TRUE(all);
    EXPECT_EQ(all->text(), R"({"a":1,"b":[ ]})");
    EXPECT_EQ(members::parse("{ }")->text(), "{}");
}

TEST(members_test, are_set_replaced_and_erased_in_their_places)
{
    auto all = *members::parse(R"({"a":1,"b":2,"c":3})");
    all.set("b", std::string{"two"});
    all.set("d", 4);
    all.erase("a");
    EXPECT_EQ(all.text(), R"({"b":"two","c":3,"d":4})");
}

TEST(members_test, rejects_texts_that_are_not_objects_and_repeated_members)
{
    for (const auto* text :
         {"", " ", "[]", "1", "\"{}\"", "{", "{}}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{\"a\":1 \"b\":2}",
          "{\"a\":1,\"a\":2}", "{\"a\":1,\"\\u0061\":2}", "{\"\xff\":1}", "{\"a\":\"\\ud800\"}"})
        EXPECT_FALSE(members::parse(text)) << text;
    EXPECT_FALSE(members::parse("{\"a\":" + std::string(100, '[') + std::string(100, ']') + "}")) << "too deep";
}

}  // namespace
}  // namespace larder::json
