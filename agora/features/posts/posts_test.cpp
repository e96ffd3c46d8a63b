// SPDX-License-Identifier: MIT
// Posts on both databases: writing, validation, edits of a version, concurrent edits, deletion, and the counters of
// authors, categories and tags.
#include <gmock/gmock.h>
#include <agora/features/posts/posts.hpp>
#include <agora/testing/forum.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>

namespace agora::posts {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using namespace std::chrono_literals;

draft a_draft(std::string title = "Title")
{
    draft d;
    d.title = std::move(title);
    d.body = "Some *text*";
    return d;
}

draft tagged(std::vector<std::string> tags)
{
    draft d = a_draft();
    d.tags = std::move(tags);
    return d;
}

std::string etag(std::int64_t version) { return "\"" + std::to_string(version) + "-abc\""; }

template <class T>
std::vector<std::string> refused_fields(const outcome<T>& o)
{
    std::vector<std::string> names;
    if (o.has_value()) return names;
    EXPECT_EQ(o.error().status, 422U);
    for (const auto& e : o.error().fields) names.push_back(e.field);
    return names;
}

class posts_in : public testing::forum {
 protected:
    outcome<post> write(const draft& d)
    {
        clock_.advance(1s);
        return run(create(*posts_, by_author_, ann_, d));
    }
    outcome<post> rewrite(std::int64_t id, const std::string& if_match, const draft& d)
    {
        clock_.advance(1s);
        return run(replace(*posts_, by_author_, {id, http::if_match::parse(if_match), by_}, d));
    }
    outcome<post> edit(std::int64_t id, const std::string& if_match, const change& wanted)
    {
        clock_.advance(1s);
        return run(revise(*posts_, by_author_, {id, http::if_match::parse(if_match), by_}, wanted));
    }
    outcome<void> erase(std::int64_t id, const std::string& if_match)
    {
        return run(posts::remove(*posts_, clock_, {id, http::if_match::parse(if_match), by_}));
    }
    outcome<post> read(std::int64_t id) { return run(find(*posts_, id)); }

    std::int64_t count_of_tag(const std::string& name)
    {
        return number("SELECT posts FROM tags WHERE name = $1", name);
    }
    std::int64_t count_of_category(const std::string& slug)
    {
        return number("SELECT posts FROM categories WHERE slug = $1", slug);
    }
    std::int64_t count_of_ann() { return number("SELECT posts FROM users WHERE id = $1", ann_); }

    const std::int64_t ann_ = add_user("ann");
    http::principal by_{ann_, http::role::user};
    std::unique_ptr<store> posts_ = make_posts_store(outbox());
};
FORUM_SUITE(posts_in);

TEST_P(posts_in, one_is_changed_by_its_author_and_moderators_only)
{
    const auto id = write(a_draft())->id;
    by_ = {add_user("bob"), http::role::user};
    EXPECT_EQ(rewrite(id, etag(1), a_draft()).error().status, 403U);
    EXPECT_EQ(edit(id, etag(1), {}).error().status, 403U);
    EXPECT_EQ(erase(id, "").error().status, 403U) << "the permission is checked before the precondition";
    by_.role = http::role::moderator;
    EXPECT_TRUE(rewrite(id, etag(1), a_draft()));
    by_ = {ann_, http::role::user};
    EXPECT_TRUE(erase(id, etag(2)));
}

TEST_P(posts_in, a_new_one_is_rendered_and_read_back)
{
    add_category("news");
    draft d = tagged({"c++", "asio", "c++"});
    d.title = "  Hello <world>  ";
    d.category = "news";
    const outcome<post> made = write(d);
    ASSERT_TRUE(made.has_value());
    const outcome<post> p = read(made->id);
    ASSERT_TRUE(p.has_value());
    EXPECT_EQ(p->title, "Hello <world>");
    EXPECT_EQ(p->body, "Some *text*");
    EXPECT_THAT(p->body_html, HasSubstr("<em>text</em>"));
    EXPECT_EQ(p->excerpt, "Some text");
    EXPECT_EQ(p->category, "news");
    EXPECT_THAT(p->tags, ElementsAre("asio", "c++"));
    EXPECT_EQ(p->author.id, ann_);
    EXPECT_EQ(p->author.username, "ann");
    EXPECT_EQ(p->version, 1);
    EXPECT_EQ(p->created_at, clock_.wall());
    EXPECT_EQ(p->updated_at, clock_.wall());
    EXPECT_FALSE(p->liked);
}

TEST_P(posts_in, every_refused_field_is_named_at_once)
{
    draft d = tagged({"ok", "n o", ""});
    d.title = " ";
    d.body = "";
    d.category = "nowhere";
    EXPECT_THAT(refused_fields(write(d)), UnorderedElementsAre("title", "body", "tags[1]", "tags[2]", "category"));
    EXPECT_EQ(number("SELECT count(*) FROM posts"), 0);
}

TEST_P(posts_in, lengths_are_counted_in_characters)
{
    draft d = a_draft();
    d.body.clear();
    for (std::size_t i = 0; i < max_title; ++i) d.title.append(i < 5 ? "" : "\xc3\xa4");
    for (std::size_t i = 0; i < max_body; ++i) d.body.append("\xc3\xa4");
    EXPECT_THAT(refused_fields(write(d)), IsEmpty());
    d.title.append("x");
    d.body.append("x");
    EXPECT_THAT(refused_fields(write(d)), UnorderedElementsAre("title", "body"));
}

TEST_P(posts_in, a_title_is_one_line)
{
    EXPECT_THAT(refused_fields(write(a_draft("two\nlines"))), ElementsAre("title"));
}

TEST_P(posts_in, tags_are_few_and_short)
{
    EXPECT_THAT(refused_fields(write(tagged({"a", "b", "c", "d", "e"}))), IsEmpty());
    EXPECT_THAT(refused_fields(write(tagged({"a", "b", "c", "d", "e", "f"}))), ElementsAre("tags"));
    EXPECT_THAT(refused_fields(write(tagged({std::string(35, 'a')}))), IsEmpty());
    for (const auto* bad : {"two words", "\xc3\xa4", "a_b"}) {
        EXPECT_THAT(refused_fields(write(tagged({bad}))), ElementsAre("tags[0]")) << bad;
    }
    EXPECT_THAT(refused_fields(write(tagged({std::string(36, 'a')}))), ElementsAre("tags[0]"));
    EXPECT_THAT(write(tagged({"C++", " Boost.Asio ", "c++"}))->tags, ElementsAre("boost.asio", "c++"))
        << "in lower case, without duplicates";
}

TEST_P(posts_in, a_title_has_no_direction_changing_or_invisible_characters)
{
    const auto made = write(a_draft("\u202Egnp.exe\u202C a\u200Bb\u00AD\uFEFF \u2066x\u2069"));
    ASSERT_TRUE(made);
    EXPECT_EQ(made->title, "gnp.exe ab x");
    EXPECT_THAT(refused_fields(write(a_draft("\u200B\u202E"))), ElementsAre("title")) << "nothing visible is left";
    const std::string family = "\U0001F468\u200D\U0001F469 \u0645\u06CC\u200C\u062E";
    EXPECT_EQ(write(a_draft(family))->title, family) << "zero-width joiners stay";
    execute("UPDATE posts SET title = $1 WHERE id = $2", "\u202Eimported", made->id);
    EXPECT_EQ(read(made->id)->title, "imported");
}

TEST_P(posts_in, a_text_that_costs_too_much_is_refused)
{
    draft d = a_draft();
    d.body.clear();
    for (int i = 0; i < 20'000; ++i) d.body += "- ";
    d.body += "a" + std::string(50'000, '\n');
    const auto made = write(d);
    EXPECT_THAT(refused_fields(made), ElementsAre("body"));
    EXPECT_EQ(made.error().fields[0].code, "too_complex");
}

TEST_P(posts_in, an_edit_requires_the_version_that_it_changes)
{
    const std::int64_t id = write(a_draft())->id;
    EXPECT_EQ(rewrite(id, "", a_draft()).error().status, 428U);
    ASSERT_TRUE(rewrite(id, etag(1), a_draft("second")).has_value());
    EXPECT_EQ(rewrite(id, etag(1), a_draft("lost")).error().status, 412U);
    EXPECT_EQ(edit(id, etag(1), {}).error().status, 412U);
    EXPECT_EQ(erase(id, etag(1)).error().status, 412U);

    const outcome<post> now = read(id);
    EXPECT_EQ(now->title, "second");
    EXPECT_EQ(now->version, 2);
    EXPECT_GT(now->updated_at, now->created_at);
}

TEST_P(posts_in, of_two_edits_of_one_version_only_one_is_stored)
{
    const std::int64_t id = write(a_draft())->id;
    content c;
    c.title = "x";
    EXPECT_TRUE(run(posts_->update(id, 1, c, clock_.wall())).has_value());
    EXPECT_EQ(run(posts_->update(id, 1, c, clock_.wall())).error().status, 412U);
    EXPECT_EQ(run(posts_->remove(id, 1, clock_.wall())).error().status, 412U);
    EXPECT_EQ(read(id)->version, 2);
}

TEST_P(posts_in, of_edits_made_at_once_only_one_is_stored)
{
    using namespace asio::experimental::awaitable_operators;
    const std::int64_t id = write(tagged({"a"}))->id;
    content mine;
    mine.title = "mine";
    mine.tags = {"b"};
    content yours;
    yours.title = "yours";
    yours.tags = {"b"};
    const auto now = clock_.wall();
    const auto [first, second] = run(posts_->update(id, 1, mine, now) && posts_->update(id, 1, yours, now));
    ASSERT_NE(first.has_value(), second.has_value());
    EXPECT_EQ((first ? second : first).error().status, 412U);
    EXPECT_EQ(read(id)->title, first ? "mine" : "yours");
    EXPECT_EQ(read(id)->version, 2);
    EXPECT_EQ(count_of_tag("a"), 0);
    EXPECT_EQ(count_of_tag("b"), 1);
}

TEST_P(posts_in, written_at_once_are_all_counted)
{
    using namespace asio::experimental::awaitable_operators;
    const draft d = tagged({"a", "b"});
    const auto one_more = [&] { return create(*posts_, by_author_, ann_, d); };
    const auto made = run(one_more() && one_more() && one_more() && one_more());
    EXPECT_TRUE(std::apply([](const auto&... each) { return (each.has_value() && ...); }, made));
    EXPECT_EQ(count_of_ann(), 4);
    EXPECT_EQ(count_of_tag("a"), 4);
    EXPECT_EQ(count_of_tag("b"), 4);
}

TEST_P(posts_in, a_partial_edit_leaves_the_rest)
{
    add_category("news");
    draft d = tagged({"a"});
    d.category = "news";
    const std::int64_t id = write(d)->id;
    change title_only;
    title_only.title = "New title";
    const outcome<post> p = edit(id, etag(1), title_only);
    ASSERT_TRUE(p.has_value());
    EXPECT_EQ(p->title, "New title");
    EXPECT_EQ(p->body, d.body);
    EXPECT_EQ(p->category, "news");
    EXPECT_THAT(p->tags, ElementsAre("a"));

    change out_of_category;
    out_of_category.category = "";
    EXPECT_FALSE(edit(id, etag(2), out_of_category)->category);
}

TEST_P(posts_in, a_full_replacement_removes_fields_that_it_does_not_contain)
{
    add_category("news");
    draft d = tagged({"a"});
    d.category = "news";
    const std::int64_t id = write(d)->id;
    const outcome<post> p = rewrite(id, "*", a_draft());
    EXPECT_FALSE(p->category);
    EXPECT_THAT(p->tags, IsEmpty());
}

TEST_P(posts_in, a_body_that_was_not_edited_is_not_rendered_again)
{
    const std::int64_t id = write(a_draft())->id;
    execute("UPDATE post_bodies SET body = '<b>imported</b>', body_html = '<b>imported</b>'");
    change wanted;
    wanted.title = "Only the title";
    EXPECT_EQ(edit(id, etag(1), wanted)->body_html, "<b>imported</b>");
    wanted.body = "*mine*";
    EXPECT_THAT(edit(id, etag(2), wanted)->body_html, HasSubstr("<em>mine</em>"));
}

TEST_P(posts_in, a_deleted_one_does_not_exist)
{
    const std::int64_t id = write(a_draft())->id;
    ASSERT_TRUE(erase(id, etag(1)).has_value());
    EXPECT_EQ(read(id).error().status, 404U);
    EXPECT_EQ(erase(id, "*").error().status, 404U);
    EXPECT_EQ(rewrite(id, "*", a_draft()).error().status, 404U);
    EXPECT_FALSE(run(posts_->exists(id)));
    EXPECT_EQ(number("SELECT count(*) FROM posts WHERE id = $1", id), 1);
}

TEST_P(posts_in, the_counters_of_author_category_and_tags_stay_true)
{
    add_category("news");
    add_category("talk");
    draft d = tagged({"a", "b"});
    d.category = "news";
    const std::int64_t first = write(d)->id;
    const std::int64_t second = write(d)->id;
    EXPECT_EQ(count_of_ann(), 2);
    EXPECT_EQ(count_of_category("news"), 2);
    EXPECT_EQ(count_of_tag("a"), 2);

    d.category = "talk";
    d.tags = {"b", "c"};
    ASSERT_TRUE(rewrite(first, etag(1), d).has_value());
    EXPECT_EQ(count_of_ann(), 2);
    EXPECT_EQ(count_of_category("news"), 1);
    EXPECT_EQ(count_of_category("talk"), 1);
    EXPECT_EQ(count_of_tag("a"), 1);
    EXPECT_EQ(count_of_tag("b"), 2);
    EXPECT_EQ(count_of_tag("c"), 1);

    ASSERT_TRUE(erase(first, etag(2)).has_value());
    ASSERT_TRUE(erase(second, etag(1)).has_value());
    EXPECT_EQ(count_of_ann(), 0);
    for (const auto* slug : {"news", "talk"}) EXPECT_EQ(count_of_category(slug), 0);
    for (const auto* tag : {"a", "b", "c"}) EXPECT_EQ(count_of_tag(tag), 0);
    EXPECT_EQ(number("SELECT count(*) FROM post_tags"), 0);
}

TEST_P(posts_in, a_stale_edit_changes_no_counter)
{
    const std::int64_t id = write(tagged({"a"}))->id;
    content c;
    c.tags = {"b"};
    EXPECT_TRUE(run(posts_->update(id, 7, c, clock_.wall())).has_error());
    EXPECT_EQ(count_of_tag("a"), 1);
    EXPECT_EQ(number("SELECT count(*) FROM tags"), 1);
}

}  // namespace
}  // namespace agora::posts
