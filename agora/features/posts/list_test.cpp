// SPDX-License-Identifier: MIT
// Lists of posts on both databases: order, filters, paging and totals, and the indexes that the statements use.
#include <gmock/gmock.h>
#include <agora/features/posts/posts_sql.hpp>
#include <agora/testing/forum.hpp>

namespace agora::posts {
namespace {

using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using namespace std::chrono_literals;

class post_lists_in : public testing::forum {
 protected:
    /// Adds a post. The ids are 1, 2, ...; each post is one second newer than the one before.
    void add(std::int64_t author, std::optional<std::string> category = {}, std::vector<std::string> tags = {})
    {
        draft d;
        d.title = "Title";
        d.body = "Body";
        d.category = std::move(category);
        d.tags = std::move(tags);
        clock_.advance(1s);
        ASSERT_TRUE(run(create(*posts_, by_author_, author, d)).has_value());
    }

    outcome<api::list<post_summary>> page(const list_query& q) { return run(posts::list(*posts_, signer_, q)); }

    std::vector<std::int64_t> ids(const list_query& q)
    {
        std::vector<std::int64_t> found;
        for (const auto& p : page(q).value().data) found.push_back(p.id);
        return found;
    }

    /// The ids of all pages, following the cursors.
    std::vector<std::int64_t> walk(list_query q)
    {
        std::vector<std::int64_t> found;
        for (bool more = true; more && found.size() < 100;) {
            const auto next = page(q).value();
            for (const auto& p : next.data) found.push_back(p.id);
            more = next.page.has_more;
            q.cursor = next.page.next_cursor;
        }
        return found;
    }

    const std::int64_t ann_ = add_user("ann");
    const std::int64_t bob_ = add_user("bob");
    std::unique_ptr<store> posts_ = make_posts_store(outbox());
    storage::cursor_signer signer_{"a secret for the tests"};
};
FORUM_SUITE(post_lists_in);

list_query sorted(std::string by)
{
    list_query q;
    q.sort = std::move(by);
    return q;
}

TEST_P(post_lists_in, show_every_field_but_the_body)
{
    add_category("news");
    add(ann_, "news", {"b", "a"});
    execute("UPDATE posts SET likes = 1, views = 2, comments = 3");
    const auto found = page({}).value();
    ASSERT_EQ(found.data.size(), 1U);
    const post_summary& p = found.data[0];
    EXPECT_EQ(p.title, "Title");
    EXPECT_EQ(p.excerpt, "Body");
    EXPECT_EQ(p.category, "news");
    EXPECT_THAT(p.tags, ElementsAre("a", "b"));
    EXPECT_EQ(p.author.username, "ann");
    EXPECT_EQ(p.likes, 1);
    EXPECT_EQ(p.views, 2);
    EXPECT_EQ(p.comments, 3);
    EXPECT_EQ(p.version, 1);
    EXPECT_EQ(p.created_at, clock_.wall());
    EXPECT_FALSE(found.page.total);
}

TEST_P(post_lists_in, are_ordered_by_time_likes_or_activity)
{
    for (int i = 0; i < 3; ++i) add(ann_);
    execute("UPDATE posts SET likes = 9, active_at = 0 WHERE id = 2");
    execute("UPDATE posts SET active_at = 90000 WHERE id = 1");
    EXPECT_THAT(ids({}), ElementsAre(3, 2, 1));
    EXPECT_THAT(ids(sorted("new")), ElementsAre(3, 2, 1));
    EXPECT_THAT(ids(sorted("top")), ElementsAre(2, 3, 1));
    EXPECT_THAT(ids(sorted("active")), ElementsAre(1, 3, 2));
}

TEST_P(post_lists_in, neither_repeat_nor_hide_a_row_when_sort_values_are_equal)
{
    for (int i = 0; i < 7; ++i) add(ann_);
    execute("UPDATE posts SET created_at = 5, active_at = 5");
    for (const auto* by : {"new", "top", "active"}) {
        for (const std::int64_t limit : {1, 2, 3, 7}) {
            list_query q = sorted(by);
            q.limit = limit;
            EXPECT_THAT(walk(q), ElementsAre(7, 6, 5, 4, 3, 2, 1)) << by << " " << limit;
        }
    }
}

TEST_P(post_lists_in, continue_in_their_place_when_rows_come_and_go)
{
    for (int i = 0; i < 4; ++i) add(ann_);
    list_query q;
    q.limit = 2;
    q.cursor = page(q)->page.next_cursor;
    add(ann_);
    execute("UPDATE posts SET deleted_at = 1 WHERE id = 3");
    EXPECT_THAT(ids(q), ElementsAre(2, 1));
}

TEST_P(post_lists_in, can_be_paged_by_number_too)
{
    for (int i = 0; i < 5; ++i) add(ann_);
    list_query by_page;
    by_page.page = 2;
    by_page.per_page = 2;
    EXPECT_THAT(ids(by_page), ElementsAre(3, 2));
    list_query by_skip;
    by_skip.skip = 3;
    by_skip.limit = 10;
    EXPECT_THAT(ids(by_skip), ElementsAre(2, 1));
}

TEST_P(post_lists_in, omit_deleted_posts)
{
    add(ann_);
    add(ann_);
    execute("UPDATE posts SET deleted_at = 1 WHERE id = 2");
    EXPECT_THAT(ids({}), ElementsAre(1));
}

TEST_P(post_lists_in, are_narrowed_by_category_tag_and_author)
{
    const std::int64_t news = add_category("news");
    add(ann_, "news", {"a"});
    add(bob_, "news", {"a", "b"});
    add(ann_, std::nullopt, {"b"});
    list_query q;
    q.category = "news";
    EXPECT_THAT(ids(q), ElementsAre(2, 1));
    q.category = std::to_string(news);
    EXPECT_THAT(ids(q), ElementsAre(2, 1));
    q.author = "Bob";
    EXPECT_THAT(ids(q), ElementsAre(2));

    list_query by_tag;
    by_tag.tag = "b";
    EXPECT_THAT(ids(by_tag), ElementsAre(3, 2));
    by_tag.author = std::to_string(ann_);
    EXPECT_THAT(ids(by_tag), ElementsAre(3));

    for (const auto* nobody : {"nobody", "999", "99999999999999999999"}) {
        list_query nothing;
        nothing.author = nobody;
        EXPECT_THAT(ids(nothing), IsEmpty()) << nobody;
    }
}

TEST_P(post_lists_in, with_filters_walk_every_page_in_every_order)
{
    add_category("news");
    for (int i = 0; i < 5; ++i) add(ann_, "news", {"a"});
    add(bob_, "news", {"a"});
    for (const auto* by : {"new", "top", "active"}) {
        list_query q = sorted(by);
        q.limit = 2;
        q.category = "news";
        q.tag = "a";
        q.author = "ann";
        EXPECT_THAT(walk(q), ElementsAre(5, 4, 3, 2, 1)) << by;
    }
}

TEST_P(post_lists_in, count_only_on_request)
{
    for (int i = 0; i < 3; ++i) add(i == 0 ? bob_ : ann_);
    list_query q;
    q.limit = 1;
    EXPECT_FALSE(page(q)->page.total);
    q.include_total = true;
    EXPECT_EQ(page(q)->page.total, 3);
    EXPECT_EQ(page(q)->page.total_is_capped, false);
    q.author = "ann";
    EXPECT_EQ(page(q)->page.total, 2);
}

TEST_P(post_lists_in, reject_invalid_parameters_and_name_the_valid_ones)
{
    list_query q = sorted("hot");
    q.q = "words";
    q.tag = "\xff";
    const auto refused = page(q);
    ASSERT_TRUE(refused.has_error());
    const auto why = refused.error();
    ASSERT_EQ(why.fields.size(), 3U);
    EXPECT_EQ(why.fields[0].field, "sort");
    EXPECT_THAT(why.fields[0].message, HasSubstr("new, top, active"));
    EXPECT_EQ(why.fields[1].field, "q");
    EXPECT_EQ(why.fields[2].field, "tag");
}

TEST_P(post_lists_in, a_cursor_is_valid_for_its_sort_and_filters_only)
{
    add(ann_);
    add(ann_);
    list_query q;
    q.limit = 1;
    q.cursor = page(q)->page.next_cursor;
    ASSERT_TRUE(page(q).has_value());
    list_query other_sort = q;
    other_sort.sort = "top";
    EXPECT_EQ(page(other_sort).error().code, "cursor_mismatch");
    list_query other_filter = q;
    other_filter.author = "ann";
    EXPECT_EQ(page(other_filter).error().code, "cursor_mismatch");
}

struct plan_row {
    std::int64_t id;
    std::int64_t parent;
    std::int64_t notused;
    std::string detail;
};
BOOST_DESCRIBE_STRUCT(plan_row, (), (id, parent, notused, detail))

/// SQLite only: PostgreSQL plans by statistics, and an empty database has none.
class post_plans_in : public post_lists_in {
 protected:
    std::vector<std::string> plan_of(const filter& f)
    {
        statement s = list_statement(f, api::window{});
        s.sql.insert(0, "EXPLAIN QUERY PLAN ");
        const auto steps = run(db().read([&](storage::session& on) { return on.all_with<plan_row>(s.sql, s.bound); }));
        std::vector<std::string> plan;
        for (const auto& step : steps) plan.push_back(step.detail);
        return plan;
    }

    void expect_index(const filter& f, const std::string& index)
    {
        EXPECT_THAT(plan_of(f), Contains(HasSubstr("SEARCH p USING INDEX " + index)));
        EXPECT_THAT(plan_of(f), Each(Not(AnyOf(HasSubstr("SCAN"), HasSubstr("TEMP B-TREE")))));
    }
};
INSTANTIATE_TEST_SUITE_P(databases, post_plans_in, ::testing::Values("sqlite"));

TEST_P(post_plans_in, a_page_starts_at_its_place_in_an_index)
{
    filter f;
    expect_index(f, "posts_new (created_at<?)");
    f.by = order::top;
    expect_index(f, "posts_top (likes<?)");
    f.by = order::active;
    expect_index(f, "posts_active (active_at<?)");

    for (const auto* name : {"ann", "7"}) {
        filter by_author;
        by_author.author = name;
        expect_index(by_author, "posts_by_author (author_id=? AND created_at<?)");
        filter by_category;
        by_category.category = name;
        expect_index(by_category, "posts_by_category (category_id=? AND created_at<?)");
    }
}

}  // namespace
}  // namespace agora::posts
