// SPDX-License-Identifier: MIT
// The statement cache evicts the least recently used statement and forgets erased ones.
#include <gtest/gtest.h>

#include <agora/storage/statement_cache.hpp>

namespace agora::storage {
namespace {

TEST(statement_cache, the_least_recently_used_statement_is_evicted)
{
    statement_cache<int> cache{2};
    EXPECT_EQ(cache.insert("a", 1), std::nullopt);
    EXPECT_EQ(cache.insert("b", 2), std::nullopt);
    ASSERT_NE(cache.find("a"), nullptr);
    EXPECT_EQ(cache.insert("c", 3), 2);
    EXPECT_EQ(cache.find("b"), nullptr);
    EXPECT_EQ(*cache.find("a"), 1);
    EXPECT_EQ(*cache.find("c"), 3);
}

TEST(statement_cache, an_erased_statement_is_removed_and_frees_its_place)
{
    statement_cache<int> cache{1};
    cache.insert("a", 1);
    cache.erase("a");
    cache.erase("never there");
    EXPECT_EQ(cache.find("a"), nullptr);
    EXPECT_EQ(cache.insert("b", 2), std::nullopt);
}

}  // namespace
}  // namespace agora::storage
