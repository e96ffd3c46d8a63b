// SPDX-License-Identifier: MIT
// Nesting comments into threads, which is pure, and comments on both databases: writing, paging, size limits, deletion.
#include <gmock/gmock.h>
#include <agora/features/comments/comments.hpp>
#include <agora/features/comments/comments_sql.hpp>
#include <agora/testing/forum.hpp>
#include <larder/json.hpp>
#include <larder/rfc3339.hpp>

namespace agora::comments {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

/// The threads as a text like "1(2(3),4)": ids, followed by their replies in brackets.
std::string outline(const std::vector<thread>& threads)
{
    std::string text;
    for (const thread& t : threads) {
        if (!text.empty()) text += ",";
        text += std::to_string(t.id);
        if (!t.replies.empty()) text += "(" + outline(t.replies) + ")";
    }
    return text;
}

std::int64_t height(const std::vector<thread>& threads)
{
    std::int64_t most = 0;
    for (const thread& t : threads) most = std::max(most, 1 + height(t.replies));
    return most;
}

comment row(std::int64_t id, std::optional<std::int64_t> parent = std::nullopt)
{
    comment c;
    c.id = id;
    c.parent_id = parent;
    return c;
}

thread_rows rows_of(std::vector<comment> comments, std::int64_t threads)
{
    thread_rows rows;
    rows.comments = std::move(comments);
    rows.threads = threads;
    return rows;
}

TEST(threads, replies_are_nested_under_their_parents)
{
    const auto page = build_threads(rows_of({row(1), row(2, 1), row(3, 1), row(4, 2), row(5), row(6, 5)}, 2), 20);
    EXPECT_EQ(outline(page.threads), "1(2(4),3),5(6)");
    EXPECT_FALSE(page.has_more);
}

TEST(threads, the_row_beyond_the_limit_only_shows_that_there_are_more)
{
    const auto page = build_threads(rows_of({row(1), row(2, 1), row(3), row(4, 3)}, 2), 1);
    EXPECT_EQ(outline(page.threads), "1(2)");
    EXPECT_TRUE(page.has_more);
}

TEST(threads, a_reply_whose_parent_is_missing_stays_in_its_thread)
{
    EXPECT_EQ(outline(build_threads(rows_of({row(1), row(3, 99)}, 1), 20).threads), "1(3)");
}

TEST(threads, rows_in_a_wrong_order_lose_no_comment)
{
    EXPECT_EQ(outline(build_threads(rows_of({row(2, 1), row(3, 1), row(1)}, 1), 20).threads), "2(3),1");
}

TEST(threads, nesting_ends_at_its_limit_and_loses_no_comment)
{
    std::vector<comment> chain{row(1)};
    for (std::int64_t id = 2; id <= 200; ++id) chain.push_back(row(id, id - 1));
    const auto page = build_threads(rows_of(std::move(chain), 1), 20);
    EXPECT_EQ(height(page.threads), max_nesting + 1);
    const std::string text = outline(page.threads);
    EXPECT_EQ(std::ranges::count(text, ',') + std::ranges::count(text, '('), 199);
}

TEST(threads, a_page_ends_before_the_thread_that_does_not_fit)
{
    std::vector<comment> rows{row(1), row(2, 1), row(3)};
    while (rows.size() <= static_cast<std::size_t>(max_thread_rows)) {
        rows.push_back(row(static_cast<std::int64_t>(rows.size()) + 1, 3));
    }
    const auto page = build_threads(rows_of(std::move(rows), 2), 20);
    EXPECT_EQ(outline(page.threads), "1(2)");
    EXPECT_FALSE(page.threads[0].more_replies);
    EXPECT_TRUE(page.has_more);
}

TEST(threads, a_thread_that_is_larger_than_a_page_is_cut_and_marked)
{
    std::vector<comment> rows{row(1)};
    while (rows.size() <= static_cast<std::size_t>(max_thread_rows)) {
        rows.push_back(row(static_cast<std::int64_t>(rows.size()) + 1, 1));
    }
    for (const std::int64_t threads : {1, 2}) {
        const auto page = build_threads(rows_of(rows, threads), 20);
        ASSERT_EQ(page.threads.size(), 1U);
        EXPECT_EQ(page.threads[0].replies.size(), static_cast<std::size_t>(max_thread_rows) - 1);
        EXPECT_TRUE(page.threads[0].more_replies);
        EXPECT_EQ(page.has_more, threads == 2);
    }
}

TEST(threads, a_page_ends_at_its_limit_of_bytes)
{
    std::vector<comment> rows{row(1), row(2, 1), row(3), row(4, 3)};
    for (comment& c : rows) c.body_html = std::string(static_cast<std::size_t>(max_page_bytes) / 3, '"');
    const auto page = build_threads(rows_of(rows, 2), 20);
    EXPECT_EQ(outline(page.threads), "1") << "the reply is cut";
    EXPECT_TRUE(page.threads[0].more_replies);
    EXPECT_TRUE(page.has_more);
    for (comment& c : rows) c.body_html = std::string(static_cast<std::size_t>(max_page_bytes) / 8, '"');
    EXPECT_EQ(outline(build_threads(rows_of(rows, 2), 20).threads), "1(2)") << "the second thread does not fit";
    rows[0].body = std::string(static_cast<std::size_t>(max_page_bytes) * 2, 'x');
    EXPECT_EQ(fitting(rows), 1U) << "one comment always fits";
}

class comments_in : public testing::forum {
 protected:
    std::int64_t add_post()
    {
        execute(
            "INSERT INTO posts (author_id, title, excerpt, created_at, updated_at, active_at)"
            " VALUES ($1, 't', 'e', 0, 0, 0)",
            ann_);
        return number("SELECT max(id) FROM posts");
    }

    /// Adds a comment. The ids are 1, 2, ...; each comment is one second newer than the one before. `parent` 0: a
    /// top-level comment.
    void add(std::int64_t post, std::int64_t parent = 0)
    {
        const std::optional<std::int64_t> above = parent == 0 ? std::nullopt : std::optional{parent};
        now_ += 1000;
        execute(
            "INSERT INTO comments (post_id, parent_id, root_id, depth, author_id, body, body_html, likes, version,"
            " created_at, updated_at)"
            " VALUES ($1, $2, (SELECT COALESCE(root_id, id) FROM comments WHERE id = $3),"
            " COALESCE((SELECT depth + 1 FROM comments WHERE id = $3), 0), $4, 'text', '<p>text</p>', 3, 2, $5, $5)",
            post, above, parent, ann_, now_);
    }

    static void collect(const comment& c, std::vector<std::int64_t>& seen) { seen.push_back(c.id); }
    static void collect(const thread& t, std::vector<std::int64_t>& seen)
    {
        seen.push_back(t.id);
        for (const thread& reply : t.replies) collect(reply, seen);
    }

    api::list<thread> tree_page(std::int64_t post, const list_query& q = {})
    {
        return run(tree(*comments_, signer_, post, q)).value();
    }
    api::list<comment> flat_page(std::int64_t post, const list_query& q = {})
    {
        return run(flat(*comments_, signer_, post, q)).value();
    }

    const std::int64_t ann_ = add_user("ann");
    std::int64_t now_ = 0;
    std::unique_ptr<store> comments_ = make_comments_store(outbox());
    storage::cursor_signer signer_{"a secret for the tests"};
};
FORUM_SUITE(comments_in);

TEST_P(comments_in, are_written_answered_and_counted)
{
    const auto post = add_post();
    const auto bob = add_user("bob");
    clock_.advance(std::chrono::hours{1});
    const auto first = run(create(*comments_, by_author_, post, bob, {"Some *text*", std::nullopt}));
    ASSERT_TRUE(first);
    EXPECT_EQ(first->author.username, "bob");
    EXPECT_EQ(first->depth, 0);
    EXPECT_EQ(first->version, 1);
    EXPECT_THAT(first->body_html, ::testing::HasSubstr("<em>text</em>"));
    const auto reply = run(create(*comments_, by_author_, post, ann_, {"a reply", first->id}));
    const auto deeper = run(create(*comments_, by_author_, post, bob, {"a deeper one", reply->id}));
    EXPECT_EQ(deeper->depth, 2);
    const auto page = tree_page(post);
    ASSERT_EQ(page.data.size(), 1U);
    EXPECT_EQ(page.data[0].replies[0].replies[0].id, deeper->id);
    EXPECT_EQ(number("SELECT comments FROM posts WHERE id = $1", post), 3);
    EXPECT_EQ(number("SELECT active_at FROM posts WHERE id = $1", post), 3'600'000);
}

TEST_P(comments_in, an_invalid_reply_is_rejected_and_not_counted)
{
    const auto post = add_post();
    const auto other = add_post();
    const auto there = run(create(*comments_, by_author_, other, ann_, {"elsewhere", std::nullopt}));
    EXPECT_EQ(run(create(*comments_, by_author_, 999, ann_, {"x", std::nullopt})).error().status, 404U);
    EXPECT_EQ(run(create(*comments_, by_author_, post, ann_, {"x", there->id})).error().fields[0].field, "parent_id");
    EXPECT_EQ(run(create(*comments_, by_author_, post, ann_, {" \n", std::nullopt})).error().fields[0].field, "body");
    EXPECT_EQ(run(create(*comments_, by_author_, post, ann_, {std::string(20'001, 'x'), std::nullopt}))
                  .error()
                  .fields[0]
                  .code,
              "too_long");
    EXPECT_EQ(number("SELECT comments FROM posts WHERE id = $1", post), 0);
}

TEST_P(comments_in, one_is_changed_and_deleted_by_its_author_and_moderators)
{
    const auto post = add_post();
    const auto bob = add_user("bob");
    const auto id = run(create(*comments_, by_author_, post, bob, {"first", std::nullopt}))->id;
    run(create(*comments_, by_author_, post, ann_, {"a reply", id}));
    const http::principal owner{bob, http::role::user};
    const http::principal author_of_the_post{ann_, http::role::user};
    const http::principal moderator{ann_, http::role::moderator};
    const auto edit = [&](std::string_view if_match, const http::principal& by) {
        return run(revise(*comments_, by_author_, {id, http::if_match::parse(if_match), by}, {"second"}));
    };
    EXPECT_EQ(edit("\"1-x\"", author_of_the_post).error().status, 403U);
    EXPECT_EQ(edit("", owner).error().status, 428U);
    EXPECT_EQ(edit("\"1-x\"", owner)->version, 2);
    EXPECT_EQ(edit("\"1-x\"", owner).error().status, 412U);
    EXPECT_EQ(edit("*", moderator)->body, "second");
    EXPECT_EQ(
        run(comments::remove(*comments_, clock_, {id, http::if_match::parse("*"), author_of_the_post})).error().status,
        403U);
    EXPECT_TRUE(run(comments::remove(*comments_, clock_, {id, http::if_match::parse("\"3-x\""), owner})));
    EXPECT_EQ(run(find(*comments_, id)).error().status, 404U);
    EXPECT_TRUE(tree_page(post).data[0].deleted) << "it keeps its place for the reply";
    EXPECT_EQ(number("SELECT comments FROM posts WHERE id = $1", post), 1);
}

std::vector<std::int64_t> ids_of(const api::list<comment>& page)
{
    std::vector<std::int64_t> ids;
    for (const comment& c : page.data) ids.push_back(c.id);
    return ids;
}

TEST_P(comments_in, every_field_is_read)
{
    const std::int64_t post = add_post();
    add(post);
    add(post, 1);
    const outcome<comment> found = run(find(*comments_, 2));
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->post_id, post);
    EXPECT_EQ(found->parent_id, 1);
    EXPECT_EQ(found->body, "text");
    EXPECT_EQ(found->body_html, "<p>text</p>");
    EXPECT_EQ(found->author.username, "ann");
    EXPECT_EQ(found->likes, 3);
    EXPECT_EQ(found->depth, 1);
    EXPECT_EQ(found->version, 2);
    EXPECT_EQ(larder::to_rfc3339(found->created_at), "1970-01-01T00:00:02.000Z");
    EXPECT_FALSE(found->deleted);
}

TEST_P(comments_in, a_tree_is_paged_by_its_top_level)
{
    const std::int64_t post = add_post();
    add(post);     // 1
    add(post);     // 2
    add(post, 1);  // 3
    add(post, 3);  // 4
    add(post);     // 5
    add(post, 2);  // 6
    add(post, 1);  // 7
    EXPECT_EQ(outline(tree_page(post).data), "1(3(4),7),2(6),5");

    list_query q;
    q.limit = 2;
    q.include_total = true;
    const auto first = tree_page(post, q);
    EXPECT_EQ(outline(first.data), "1(3(4),7),2(6)");
    EXPECT_EQ(first.page.total, 3);
    ASSERT_TRUE(first.page.has_more);
    q.cursor = first.page.next_cursor;
    const auto second = tree_page(post, q);
    EXPECT_EQ(outline(second.data), "5");
    EXPECT_FALSE(second.page.has_more);

    list_query by_number;
    by_number.page = 2;
    by_number.per_page = 2;
    EXPECT_EQ(outline(tree_page(post, by_number).data), "5");
}

TEST_P(comments_in, are_ordered_by_time_in_the_flat_view)
{
    const std::int64_t post = add_post();
    add(post);
    add(post, 1);
    add(post);
    add(add_post());
    list_query q;
    q.limit = 2;
    q.include_total = true;
    const auto first = flat_page(post, q);
    EXPECT_THAT(ids_of(first), ElementsAre(1, 2));
    EXPECT_EQ(first.page.total, 3);
    q.cursor = first.page.next_cursor;
    EXPECT_THAT(ids_of(flat_page(post, q)), ElementsAre(3));
}

TEST_P(comments_in, of_any_length_fit_into_pages_that_can_be_cached)
{
    const std::int64_t post = add_post();
    for (int i = 0; i < 45; ++i) add(post, i % 3 == 0 ? 0 : i / 3 * 3 + 1);
    const std::string longest = std::string(20'000, '"');
    execute("UPDATE comments SET body = $1, body_html = $2", longest, longest);
    const auto walk = [&](auto page_of) {
        list_query q;
        q.limit = 100;
        std::vector<std::int64_t> seen;
        for (bool more = true; more && seen.size() < 100;) {
            const auto page = page_of(q);
            EXPECT_LE(larder::json::to_string(page).size(), static_cast<std::size_t>(max_page_bytes) + 1'000);
            for (const auto& c : page.data) collect(c, seen);
            more = page.page.has_more;
            q.cursor = page.page.next_cursor;
        }
        return seen;
    };
    EXPECT_EQ(walk([&](const list_query& q) { return flat_page(post, q); }).size(), 45U);
    EXPECT_EQ(walk([&](const list_query& q) { return tree_page(post, q); }).size(), 45U);
}

TEST_P(comments_in, at_the_maximum_depth_get_replies_beside_them)
{
    const auto post = add_post();
    std::optional<std::int64_t> above;
    for (std::int64_t depth = 0; depth <= max_nesting + 3; ++depth) {
        const auto made = run(create(*comments_, by_author_, post, ann_, {"deeper", above}));
        ASSERT_TRUE(made);
        EXPECT_EQ(made->depth, std::min(depth, max_nesting));
        EXPECT_TRUE(depth <= max_nesting || made->parent_id != above);
        above = made->id;
    }
    EXPECT_EQ(number("SELECT MAX(depth) FROM comments"), max_nesting);
    // An earlier version stored comments that deep.
    execute("UPDATE comments SET depth = 500 + id WHERE id > 20");
    EXPECT_EQ(run(create(*comments_, by_author_, post, ann_, {"reply", above}))->depth, 20);
}

TEST_P(comments_in, made_at_the_same_time_are_neither_repeated_nor_lost)
{
    const std::int64_t post = add_post();
    for (int i = 0; i < 5; ++i) add(post);
    execute("UPDATE comments SET created_at = 7");
    const auto walk = [&](auto page_of) {
        list_query q;
        q.limit = 2;
        std::vector<std::int64_t> seen;
        for (bool more = true; more && seen.size() < 100;) {
            const auto page = page_of(q);
            for (const comment& c : page.data) seen.push_back(c.id);
            more = page.page.has_more;
            q.cursor = page.page.next_cursor;
        }
        return seen;
    };
    EXPECT_THAT(walk([&](const list_query& q) { return flat_page(post, q); }), ElementsAre(1, 2, 3, 4, 5));
    EXPECT_THAT(walk([&](const list_query& q) { return tree_page(post, q); }), ElementsAre(1, 2, 3, 4, 5));
}

TEST_P(comments_in, a_deleted_comment_keeps_its_place_but_not_its_text)
{
    const std::int64_t post = add_post();
    add(post);
    add(post, 1);
    execute("UPDATE comments SET deleted_at = 9 WHERE id = 1");

    const auto page = tree_page(post);
    EXPECT_EQ(outline(page.data), "1(2)");
    EXPECT_TRUE(page.data[0].deleted);
    EXPECT_EQ(page.data[0].body, "");
    EXPECT_EQ(page.data[0].body_html, "");
    EXPECT_FALSE(page.data[0].replies[0].deleted);
    EXPECT_EQ(flat_page(post).data[0].body, "");
    EXPECT_EQ(run(find(*comments_, 1)).error().status, 404U);
}

TEST_P(comments_in, of_a_deleted_post_are_gone)
{
    const std::int64_t post = add_post();
    add(post);
    execute("UPDATE posts SET deleted_at = 9");
    EXPECT_TRUE(tree_page(post).data.empty());
    EXPECT_TRUE(flat_page(post).data.empty());
    EXPECT_EQ(run(find(*comments_, 1)).error().status, 404U);
}

TEST_P(comments_in, a_cursor_is_valid_for_one_post_and_one_view_only)
{
    const std::int64_t post = add_post();
    const std::int64_t other = add_post();
    add(post);
    add(post);
    list_query q;
    q.limit = 1;
    q.cursor = flat_page(post, q).page.next_cursor;
    ASSERT_TRUE(q.cursor);
    EXPECT_EQ(run(flat(*comments_, signer_, other, q)).error().code, "cursor_mismatch");
    EXPECT_EQ(run(tree(*comments_, signer_, post, q)).error().code, "cursor_mismatch");
}

struct plan_row {
    std::int64_t id;
    std::int64_t parent;
    std::int64_t notused;
    std::string detail;
};
BOOST_DESCRIBE_STRUCT(plan_row, (), (id, parent, notused, detail))

/// SQLite only: PostgreSQL plans by statistics, and an empty database has none.
class comment_plans_in : public comments_in {};
INSTANTIATE_TEST_SUITE_P(databases, comment_plans_in, ::testing::Values("sqlite"));

TEST_P(comment_plans_in, pages_start_at_their_place_in_an_index)
{
    const auto plan_of = [&](std::string_view sql, const storage::params& bound) {
        const std::string explain = "EXPLAIN QUERY PLAN " + std::string{sql};
        std::vector<std::string> plan;
        for (const auto& step :
             run(db().read([&](auto& s) { return s.template all_with<plan_row>(explain, bound); }))) {
            plan.push_back(step.detail);
        }
        return plan;
    };
    EXPECT_THAT(plan_of(flat_statement, storage::params{1, 2, 3, 4, 5, 6}),
                AllOf(Contains(HasSubstr("INDEX comments_by_post (post_id=? AND created_at>?)")),
                      Each(Not(AnyOf(HasSubstr("SCAN c"), HasSubstr("SCAN t"), HasSubstr("SCAN u"))))));
    EXPECT_THAT(plan_of(threads_statement, storage::params{1, 2, 3, 4, 5, 6, 7}),
                AllOf(Contains(HasSubstr("INDEX comments_top_level (post_id=? AND created_at>?)")),
                      Contains(HasSubstr("INDEX comments_by_root (root_id=?)")),
                      Each(Not(AnyOf(HasSubstr("SCAN c"), HasSubstr("SCAN r"), HasSubstr("SCAN u"))))));
}

}  // namespace
}  // namespace agora::comments
