// SPDX-License-Identifier: MIT
// Importing a small made-up dump and the demo community: what each kind of row becomes, what is skipped, and repeated
// runs.
#include <agora/import/stackexchange.hpp>
#include <agora/markup/from_html.hpp>
#include <agora/markup/markdown.hpp>
#include <agora/storage/migrate.hpp>
#include <agora/storage/storage_fixture.hpp>
#include <fstream>
#include <larder/rfc3339.hpp>

namespace agora::import {
namespace {

using storage::both_databases;
using storage::name_of_database;

class recorded_progress final : public import_progress {
 public:
    void rows_read(std::string_view file, std::int64_t rows, double fraction) override
    {
        EXPECT_TRUE(fraction >= 0 && fraction <= 1) << fraction;
        lines.push_back(std::string{file} + " " + std::to_string(rows));
    }
    std::vector<std::string> lines;
};

struct texts {
    std::string body;
    std::string body_html;
    std::string original;
};
BOOST_DESCRIBE_STRUCT(texts, (), (body, body_html, original))

class importer_test : public storage::storage_test {
 protected:
    importer_test()
    {
        write(
            "Users",
            R"(<row Id="-1" DisplayName="Community" CreationDate="2010-01-01T00:00:00.000" AboutMe="&lt;p onclick=x&gt;b&lt;/p&gt;"/>)"
            R"(<row Id="7" DisplayName="Bob" CreationDate="2010-01-02T00:00:00.000"/>)"
            R"(<row Id="8" DisplayName="BOB" CreationDate="2010-01-03T00:00:00.000"/>)"
            R"(<row Id="9" DisplayName="自行" CreationDate="2010-01-03T00:00:00.000"/>)");
        write("Tags", R"(<row Id="1" TagName="brakes"/><row Id="2" TagName="unused"/>)");
        write(
            "Posts",
            R"(<row Id="4" PostTypeId="2" ParentId="5" OwnerUserId="8" CreationDate="2011-01-02T00:00:00" Body="&lt;p&gt;early answer&lt;/p&gt;"/>)"
            R"(<row Id="5" PostTypeId="1" OwnerUserId="7" CreationDate="2011-01-01T00:00:00" LastEditDate="2011-06-01T00:00:00" ViewCount="42" Title="Which brakes?" Tags="&lt;brakes&gt;&lt;v-brake&gt;" Body="&lt;p&gt;a &lt;b&gt;b&lt;/b&gt;&lt;script&gt;x&lt;/script&gt;&lt;/p&gt;"/>)"
            R"(<row Id="6" PostTypeId="1" CreationDate="2012-01-01T00:00:00" Title="Ownerless" Tags="|brakes|" Body="c"/>)"
            R"(<row Id="7" PostTypeId="2" ParentId="99" CreationDate="2012-01-01T00:00:00" Body="orphan"/>)"
            R"(<row Id="8" PostTypeId="5" CreationDate="2012-01-01T00:00:00" Body="wiki"/>)");
        write("Comments",
              R"(<row Id="4" PostId="5" UserId="8" CreationDate="2011-01-03T00:00:00" Text="see `a&lt;b&gt;`"/>)"
              R"(<row Id="5" PostId="4" UserId="1234" CreationDate="2011-01-04T00:00:00.500" Text="reply"/>)"
              R"(<row Id="6" PostId="8" UserId="7" CreationDate="2011-01-05T00:00:00" Text="on a wiki"/>)");
        write("Votes", R"(<row Id="1" PostId="5" VoteTypeId="2" CreationDate="2011-02-01T00:00:00.000"/>)"
                       R"(<row Id="2" PostId="5" VoteTypeId="2" CreationDate="2011-02-02T00:00:00.000"/>)"
                       R"(<row Id="3" PostId="4" VoteTypeId="2" CreationDate="2011-02-03T00:00:00.000"/>)"
                       R"(<row Id="4" PostId="4" VoteTypeId="3" CreationDate="2011-02-03T00:00:00.000"/>)"
                       R"(<row Id="5" PostId="77" VoteTypeId="2" CreationDate="2011-02-03T00:00:00.000"/>)");
    }

    std::filesystem::path dump() const { return temporary_.path() / "bikes"; }

    void write(const std::string& file, const std::string& rows)
    {
        std::filesystem::create_directory(dump());
        std::ofstream{dump() / (file + ".xml")} << "<rows>\n" << rows << "\n</rows>\n";
    }

    asio::awaitable<import_summary> import(const std::filesystem::path folder)
    {
        co_await storage::migrate(db());
        co_return co_await import_stackexchange(db(), folder, progress_);
    }

    asio::awaitable<std::string> error_of_import()
    {
        try {
            co_await import(dump());
        } catch (const import_error& e) {
            co_return e.what();
        }
        co_return "";
    }

    asio::awaitable<std::int64_t> number(std::string_view sql)
    {
        co_return (co_await db().first<std::int64_t>(sql)).value_or(-1);
    }

    asio::awaitable<std::string> text(std::string_view sql)
    {
        co_return (co_await db().first<std::string>(sql)).value_or("no row");
    }

    /// Everything that an import writes, as one text, for comparing two states.
    asio::awaitable<std::string> everything()
    {
        std::string all;
        for (const std::string_view sql :
             {"SELECT id || '/' || username || '/' || display_name || '/' || bio || '/' || posts || '/' || created_at "
              "FROM users ORDER BY id",
              "SELECT id || '/' || name || '/' || imported_at FROM import_sources ORDER BY id",
              "SELECT id || '/' || slug || '/' || name || '/' || posts FROM categories ORDER BY id",
              "SELECT id || '/' || name || '/' || posts FROM tags ORDER BY id",
              "SELECT tag_id || '/' || post_id FROM post_tags ORDER BY 1",
              "SELECT id || '/' || title || '/' || excerpt || '/' || tags || '/' || likes || '/' || views || '/' || "
              "comments || '/' || created_at || '/' || updated_at || '/' || "
              "active_at"
              " FROM posts ORDER BY id",
              "SELECT post_id || '/' || body || '/' || body_html FROM post_bodies ORDER BY post_id",
              "SELECT id || '/' || post_id || '/' || depth || '/' || author_id || '/' || body || '/' || body_html || "
              "'/' || likes || '/' || created_at FROM comments "
              "ORDER BY id",
              "SELECT id || '/' || created_at FROM likes ORDER BY id"}) {
            const auto rows = co_await db().all<std::string>(sql);
            for (const std::string& row : rows) all += row + "\n";
        }
        co_return all;
    }

    recorded_progress progress_;

 private:
    larder::testing::temporary_folder temporary_;
};

TEST_P(importer_test, users_get_unique_names)
{
    run([&]() -> asio::awaitable<void> {
        const import_summary done = co_await import(dump());
        EXPECT_EQ(done.users, 4);
        const auto names = co_await db().all<std::string>(
            "SELECT username FROM users WHERE source_id IS NOT NULL ORDER BY external_id");
        EXPECT_EQ(names, (std::vector<std::string>{"community", "bob", "bob-8", "user"}));
        EXPECT_EQ(co_await text("SELECT display_name FROM users WHERE external_id = 8"), "BOB");
        EXPECT_EQ(co_await text("SELECT bio FROM users WHERE external_id = -1"), "b") << "HTML becomes plain text";
        EXPECT_EQ(co_await number("SELECT posts FROM users WHERE external_id = 7"), 1);
    });
}

TEST_P(importer_test, questions_become_posts)
{
    run([&]() -> asio::awaitable<void> {
        const import_summary done = co_await import(dump());
        EXPECT_EQ(done.posts, 2);
        EXPECT_EQ(done.tags, 3);
        EXPECT_EQ(
            co_await text("SELECT p.title || '/' || p.excerpt || '/' || p.tags || '/' || p.views || '/' || p.likes"
                          " || '/' || p.comments || '/' || u.username || '/' || c.slug || '/' || c.posts"
                          " FROM posts p JOIN users u ON u.id = p.author_id JOIN categories c ON c.id = p.category_id"
                          " WHERE p.external_id = 5"),
            "Which brakes?/a b/brakes v-brake/42/2/3/bob/bikes/2");
        EXPECT_EQ(
            co_await text(
                "SELECT body || '|' || body_html || '|' || original FROM post_bodies b JOIN posts p ON p.id = b.post_id"
                " WHERE p.external_id = 5"),
            "a **b**|<p>a <strong>b</strong></p>\n|<p>a <b>b</b></p>");
        EXPECT_EQ(co_await number("SELECT posts FROM tags WHERE name = 'brakes'"), 2);
        EXPECT_EQ(co_await number("SELECT posts FROM tags WHERE name = 'unused'"), 0);
    });
}

TEST_P(importer_test, the_newest_comment_sets_the_time_of_activity)
{
    run([&]() -> asio::awaitable<void> {
        co_await import(dump());
        const auto reply = larder::parse_rfc3339("2011-01-04T00:00:00.500").value();
        EXPECT_EQ(co_await number("SELECT active_at FROM posts WHERE external_id = 5"),
                  reply.time_since_epoch().count());
        EXPECT_EQ(co_await number("SELECT active_at - created_at FROM posts WHERE external_id = 6"), 0);
        EXPECT_EQ(co_await number("SELECT (updated_at - created_at) / 86400000 FROM posts WHERE external_id = 5"), 151);
    });
}

TEST_P(importer_test, answers_and_comments_keep_their_tree)
{
    run([&]() -> asio::awaitable<void> {
        const import_summary done = co_await import(dump());
        EXPECT_EQ(done.answers, 1);
        EXPECT_EQ(done.comments, 2);
        // Answer 4 and comment 4 of the dump get the external ids 8 and 9.
        EXPECT_EQ(co_await text("SELECT body_html FROM comments WHERE external_id = 8 AND parent_id IS NULL"
                                " AND root_id IS NULL AND depth = 0"),
                  "<p>early answer</p>\n");
        EXPECT_EQ(
            co_await text("SELECT body_html FROM comments WHERE external_id = 9 AND parent_id IS NULL AND depth = 0"),
            "<p>see <code>a&lt;b&gt;</code></p>\n");
        EXPECT_EQ(
            co_await text("SELECT c.body || '/' || u.username FROM comments c JOIN comments a ON a.id = c.parent_id"
                          " JOIN users u ON u.id = c.author_id"
                          " WHERE c.external_id = 11 AND a.external_id = 8 AND c.root_id = a.id AND c.depth = 1"
                          " AND c.post_id = a.post_id"),
            "reply/deleted-user");
    });
}

TEST_P(importer_test, up_votes_become_likes_with_their_dates)
{
    run([&]() -> asio::awaitable<void> {
        const import_summary done = co_await import(dump());
        EXPECT_EQ(done.likes, 3);
        EXPECT_EQ(co_await number("SELECT likes FROM comments WHERE external_id = 8"), 1);
        EXPECT_EQ(co_await number("SELECT COUNT(*) FROM likes WHERE user_id IS NULL AND comment_id IS NULL"), 2);
        const auto vote = larder::parse_rfc3339("2011-02-02T00:00:00").value();
        EXPECT_EQ(co_await number("SELECT created_at FROM likes WHERE external_id = 2"),
                  vote.time_since_epoch().count());
    });
}

TEST_P(importer_test, skipped_rows_are_counted_by_reason)
{
    run([&]() -> asio::awaitable<void> {
        const import_summary done = co_await import(dump());
        EXPECT_EQ(done.skipped, (std::map<std::string, std::int64_t>{{"posts of type 5", 1},
                                                                     {"answers to unknown questions", 1},
                                                                     {"comments on unknown posts", 1},
                                                                     {"votes of type 3", 1},
                                                                     {"votes for unknown posts", 1}}));
        EXPECT_EQ(progress_.lines,
                  (std::vector<std::string>{"Users 4", "Tags 2", "Posts 5", "Posts 5", "Comments 3", "Votes 5"}));
    });
}

TEST_P(importer_test, a_second_run_changes_nothing)
{
    run([&]() -> asio::awaitable<void> {
        co_await import(dump());
        const std::string before = co_await everything();
        const import_summary again = co_await import(dump() / "");
        EXPECT_EQ(again.users + again.tags + again.posts + again.answers + again.comments + again.likes, 0);
        EXPECT_EQ(again.existing, 4 + 2 + 2 + 1 + 2 + 3);
        EXPECT_EQ(co_await everything(), before);
    });
}

TEST_P(importer_test, a_second_site_does_not_change_the_first)
{
    run([&]() -> asio::awaitable<void> {
        co_await import(dump());
        const auto other = dump().parent_path() / "cars";
        std::filesystem::copy(dump(), other);
        const import_summary done = co_await import(other);
        EXPECT_EQ(done.users, 4);
        EXPECT_EQ(done.posts, 2);
        EXPECT_EQ(done.comments, 2);
        EXPECT_EQ(co_await number("SELECT COUNT(*) FROM users WHERE username = 'deleted-user'"), 1);
        EXPECT_EQ(co_await number("SELECT COUNT(*) FROM users WHERE external_id = 7"), 2);
        EXPECT_EQ(co_await number("SELECT posts FROM tags WHERE name = 'brakes'"), 4);
    });
}

TEST_P(importer_test, invalidates_the_caches_of_the_nodes_once)
{
    run([&]() -> asio::awaitable<void> {
        co_await import(dump());
        EXPECT_EQ(co_await number("SELECT COUNT(*) FROM outbox WHERE kind = 'invalidate' AND payload LIKE '%\"@\"%'"),
                  1)
            << "one row invalidates the whole cache";
        co_await import(dump());
        EXPECT_EQ(co_await number("SELECT COUNT(*) FROM outbox"), 1)
            << "the second run added nothing, so it invalidates nothing";
    });
}

TEST_P(importer_test, texts_that_cost_too_much_are_shown_as_code_and_counted)
{
    std::string deep;
    for (int i = 0; i < 20'000; ++i) deep += "&lt;div&gt;";
    write("Posts",
          R"(<row Id="5" PostTypeId="1" OwnerUserId="7" CreationDate="2011-01-01T00:00:00" Title="Deep" Body=")" +
              deep + R"("/>)");
    std::string nested;
    for (int i = 0; i < 5'000; ++i) nested += "&gt; - ";
    write("Comments",
          R"(<row Id="4" PostId="5" UserId="8" CreationDate="2011-01-03T00:00:00" Text=")" + nested + R"(a"/>)");
    run([&]() -> asio::awaitable<void> {
        const import_summary done = co_await import(dump());
        EXPECT_EQ(done.shown_as_code, 2);
        EXPECT_EQ(co_await text("SELECT SUBSTR(body_html, 1, 30) FROM post_bodies"), "<pre><code>&lt;div&gt;&lt;div&");
        EXPECT_EQ(co_await text("SELECT SUBSTR(body_html, 1, 20) FROM comments"), "<pre><code>&gt; - &g");
    });
}

TEST_P(importer_test, a_malformed_file_imports_nothing)
{
    write("Votes",
          "<row Id=\"1\" PostId=\"5\" VoteTypeId=\"2\" CreationDate=\"2011-02-01T00:00:00\"/>\n<row Id=\"2\"/>");
    run([&]() -> asio::awaitable<void> {
        EXPECT_EQ(co_await error_of_import(), "Votes.xml:3: a row without VoteTypeId");
        for (const char* table : {"import_sources", "categories", "tags", "posts", "comments", "likes"}) {
            EXPECT_EQ(co_await number(std::string{"SELECT COUNT(*) FROM "} + table), 0) << table;
        }
        EXPECT_EQ(co_await number("SELECT COUNT(*) FROM users WHERE id > 1"), 0);
    });
}

TEST_P(importer_test, a_missing_file_is_named)
{
    std::filesystem::remove(dump() / "Comments.xml");
    run([&]() -> asio::awaitable<void> {
        const std::string error = co_await error_of_import();
        EXPECT_TRUE(error.starts_with("Comments.xml: is missing in ")) << error;
        std::filesystem::remove_all(dump());
        EXPECT_TRUE((co_await error_of_import()).ends_with("bikes: is not a folder"));
    });
}

TEST_P(importer_test, a_real_community_is_imported_completely)
{
    run([&]() -> asio::awaitable<void> {
        const import_summary done = co_await import(std::filesystem::path{DEMO_DATA} / "bicycles.meta");
        EXPECT_EQ(done.users, 2551);
        EXPECT_EQ(done.posts, 453);
        EXPECT_EQ(done.answers, 971);
        EXPECT_EQ(done.tags, 94);
        EXPECT_EQ(done.existing, 0);
        EXPECT_EQ(done.skipped.at("posts of type 4"), 11);
        EXPECT_EQ(done.skipped.at("votes of type 3"), 281);
        EXPECT_FALSE(done.skipped.contains("answers to unknown questions"));
        EXPECT_EQ(co_await number("SELECT SUM(comments) FROM posts"), done.answers + done.comments);
        EXPECT_EQ(co_await number(
                      "SELECT COUNT(*) FROM comments WHERE depth = 1 AND (root_id IS NULL OR parent_id <> root_id)"),
                  0);
        EXPECT_EQ(co_await text("SELECT name FROM categories"), "bicycles.meta");
        EXPECT_EQ(done.shown_as_code, 0);
        const auto bodies = co_await db().all<texts>(
            "SELECT body, body_html, original FROM post_bodies UNION ALL"
            " SELECT body, body_html, original FROM comments"
            " WHERE original IS NOT NULL");
        EXPECT_EQ(bodies.size(), 453U + 971U);
        for (const texts& b : bodies) {
            EXPECT_EQ(markup::render_markdown(b.body), b.body_html);
            EXPECT_EQ(markup::visible_content_of(b.body_html), markup::visible_content_of(b.original)) << b.original;
        }
    });
}

INSTANTIATE_TEST_SUITE_P(on, importer_test, both_databases, name_of_database);

}  // namespace
}  // namespace agora::import
