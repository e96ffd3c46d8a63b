// SPDX-License-Identifier: MIT
// Categories and tags on both databases: counters, order and cursors.
#include <gmock/gmock.h>
#include <agora/features/categories/categories.hpp>
#include <agora/testing/forum.hpp>

namespace agora::categories {
namespace {

using ::testing::ElementsAre;

class categories_in : public testing::forum {
 protected:
    void add_tag(const std::string& name, std::int64_t posts)
    {
        execute("INSERT INTO tags (name, posts) VALUES ($1, $2)", name, posts);
    }

    api::list<tag> tag_page(const api::page_query& q) { return run(tags(*store_, signer_, q)).value(); }

    std::unique_ptr<store> store_ = make_categories_store(db());
    storage::cursor_signer signer_{"a secret for the tests"};
};
FORUM_SUITE(categories_in);

std::vector<std::string> names_of(const api::list<tag>& page)
{
    std::vector<std::string> names;
    for (const tag& t : page.data) names.push_back(t.name);
    return names;
}

TEST_P(categories_in, are_listed_with_their_counts)
{
    const std::int64_t id = add_category("news");
    execute("UPDATE categories SET description = 'what is new', posts = 4 WHERE id = $1", id);
    const auto page = run(list(*store_, signer_, api::page_query{})).value();
    ASSERT_EQ(page.data.size(), 1U);
    EXPECT_EQ(page.data[0].id, id);
    EXPECT_EQ(page.data[0].slug, "news");
    EXPECT_EQ(page.data[0].description, "what is new");
    EXPECT_EQ(page.data[0].posts, 4);
    EXPECT_TRUE(run(store_->exists(id)));
    EXPECT_FALSE(run(store_->exists(id + 1)));
}

TEST_P(categories_in, continue_after_the_cursor)
{
    for (const auto* slug : {"a", "b", "c"}) add_category(slug);
    api::page_query q;
    q.limit = 2;
    q.include_total = true;
    const auto first = run(list(*store_, signer_, q)).value();
    EXPECT_TRUE(first.page.has_more);
    EXPECT_EQ(first.page.total, 3);
    q.cursor = first.page.next_cursor;
    const auto second = run(list(*store_, signer_, q)).value();
    ASSERT_EQ(second.data.size(), 1U);
    EXPECT_EQ(second.data[0].slug, "c");
    EXPECT_FALSE(second.page.has_more);
}

TEST_P(categories_in, tags_are_ordered_by_number_of_posts_and_empty_ones_omitted)
{
    add_tag("small", 1);
    add_tag("large", 9);
    add_tag("empty", 0);
    add_tag("also-large", 9);
    EXPECT_THAT(names_of(tag_page({})), ElementsAre("also-large", "large", "small"));

    api::page_query q;
    q.limit = 1;
    q.include_total = true;
    std::vector<std::string> all;
    for (bool more = true; more && all.size() < 100;) {
        const auto page = tag_page(q);
        EXPECT_EQ(page.page.total, 3);
        all.push_back(page.data.at(0).name);
        more = page.page.has_more;
        q.cursor = page.page.next_cursor;
    }
    EXPECT_THAT(all, ElementsAre("also-large", "large", "small"));
}

TEST_P(categories_in, a_cursor_of_tags_is_not_valid_for_categories)
{
    add_tag("a", 1);
    add_tag("b", 2);
    api::page_query q;
    q.limit = 1;
    q.cursor = tag_page(q).page.next_cursor;
    EXPECT_EQ(run(list(*store_, signer_, q)).error().code, "cursor_mismatch");
}

}  // namespace
}  // namespace agora::categories
