// SPDX-License-Identifier: MIT
// Updating a community that an earlier version imported, when bodies and bios were still stored as HTML; and the effect
// of editing imported posts.
#include <agora/application/schema.hpp>
#include <agora/features/posts/posts.hpp>
#include <agora/import/stackexchange.hpp>
#include <agora/markup/from_html.hpp>
#include <agora/storage/storage_fixture.hpp>
#include <larder/testing/manual_clock.hpp>

namespace agora::import {
namespace {

class ignored_progress final : public import_progress {
    void rows_read(std::string_view, std::int64_t, double) override {}
};

struct stored {
    std::int64_t id;
    std::string body;
    std::string body_html;
};
BOOST_DESCRIBE_STRUCT(stored, (), (id, body, body_html))

constexpr std::string_view all_posts =
    "SELECT p.id, b.body, b.body_html FROM posts p JOIN post_bodies b ON b.post_id = p.id ORDER BY p.id";
constexpr std::string_view all_answers =
    "SELECT id, body, body_html FROM comments WHERE external_id % 2 = 0 ORDER BY id";

class earlier_imports : public storage::storage_test {
 protected:
    earlier_imports()
    {
        run([&]() -> asio::awaitable<void> {
            ignored_progress progress;
            co_await application::bring_up_to_date(db());
            co_await import_stackexchange(db(), std::filesystem::path{DEMO_DATA} / "bicycles.meta", progress);
            co_await db().run_script("DELETE FROM outbox");
        });
    }

    /// Restores the state that the earlier version left behind.
    asio::awaitable<void> restore_earlier_format()
    {
        co_await db().run_script(
            "UPDATE post_bodies SET body = original, body_html = original, original = NULL;"
            "UPDATE comments SET body = original, body_html = original, original = NULL WHERE original IS NOT NULL;"
            "UPDATE users SET bio = '<p>a &lt;b</p><p>c</p>' WHERE source_id IS NOT NULL AND id % 2 = 0;"
            "DELETE FROM data_steps");
    }
    asio::awaitable<std::int64_t> number(std::string_view sql)
    {
        co_return (co_await db().first<std::int64_t>(sql)).value();
    }
    static void expect_same(const std::vector<stored>& before, const std::vector<stored>& after)
    {
        ASSERT_EQ(before.size(), after.size());
        for (std::size_t i = 0; i < before.size(); ++i) {
            EXPECT_EQ(before[i].body, after[i].body) << before[i].id;
            EXPECT_EQ(before[i].body_html, after[i].body_html) << before[i].id;
        }
    }

    larder::testing::manual_clock clock_;
    markup::renderer renderer_;
};

TEST_P(earlier_imports, are_converted_to_markdown_by_an_update)
{
    run([&]() -> asio::awaitable<void> {
        const auto posts = co_await db().all<stored>(all_posts);
        const auto answers = co_await db().all<stored>(all_answers);
        co_await restore_earlier_format();
        // One post was edited before the update, so it is Markdown already.
        co_await db().run_script("UPDATE post_bodies SET body = 'mine', body_html = '<p>mine</p>' WHERE post_id = 1");
        const auto pending = co_await application::pending_steps(db());
        EXPECT_EQ(pending.size(), 4U);
        const auto report = co_await application::bring_up_to_date(db());
        EXPECT_EQ(report.applied.size(), 4U);
        auto after = co_await db().all<stored>(all_posts);
        EXPECT_EQ(after[0].body, "mine");
        after[0] = posts[0];
        expect_same(posts, after);
        expect_same(answers, co_await db().all<stored>(all_answers));
        EXPECT_EQ(co_await number("SELECT COUNT(*) FROM users WHERE bio LIKE '%<p>%'"), 0);
        EXPECT_GT(co_await number("SELECT COUNT(*) FROM users WHERE bio LIKE '%a <b%c%'"), 1000);
        EXPECT_GT(co_await number("SELECT COUNT(*) FROM outbox WHERE payload LIKE '%post:%'"), 4);
        EXPECT_EQ(co_await number("SELECT COUNT(*) FROM posts WHERE version = 2"), 452);
    });
}

TEST_P(earlier_imports, change_only_where_they_are_edited)
{
    run([&]() -> asio::awaitable<void> {
        larder::cache cache{loops()};
        storage::outbox box{db(), cache};
        const auto posts = posts::make_posts_store(box);
        const auto before = co_await db().all<stored>(all_posts);
        for (const stored& row : before) {
            posts::change more;
            more.body = row.body + "\n\nA line more.";
            const api::edit e{row.id, http::if_match::parse("*"), {1, http::role::admin}};
            const auto edited = co_await posts::revise(*posts, {clock_, renderer_}, e, more);
            EXPECT_TRUE(edited) << row.id;
            if (!edited) continue;
            auto wanted = markup::visible_content_of(row.body_html);
            wanted.words += wanted.words.empty() ? "A line more." : " A line more.";
            EXPECT_EQ(markup::visible_content_of(edited->body_html), wanted) << row.id;
            EXPECT_TRUE(edited->body_html.starts_with(row.body_html)) << row.id << "\n" << edited->body_html;
        }
    });
}

INSTANTIATE_TEST_SUITE_P(on, earlier_imports, storage::both_databases, storage::name_of_database);

}  // namespace
}  // namespace agora::import
