// SPDX-License-Identifier: MIT
// The importer. It keeps no map from the dump's ids to ours: each row finds the rows it refers to by (source_id,
// external_id), which is unique and indexed. A comment that was an answer gets twice the answer's id, and any other
// comment twice its id plus one, so that the two id spaces of the dump do not collide. Every insert has ON CONFLICT DO
// NOTHING, so rows that exist already stay unchanged. Start at importer::run().
#include <agora/features/posts/posts.hpp>
#include <agora/import/names.hpp>
#include <agora/import/recount.hpp>
#include <agora/import/stackexchange.hpp>
#include <agora/markup/fold.hpp>
#include <agora/markup/from_html.hpp>
#include <agora/markup/markdown.hpp>
#include <agora/markup/sanitize.hpp>
#include <agora/storage/outbox.hpp>
#include <array>
#include <limits>

namespace agora::import {

namespace {

constexpr std::int64_t question = 1;
constexpr std::int64_t answer = 2;
constexpr std::int64_t up_vote = 2;
constexpr std::size_t max_shown_source = 64 << 10;
constexpr std::int64_t rows_per_report = 10'000;
constexpr std::int64_t no_external_id = std::numeric_limits<std::int64_t>::min();  ///< never used as an external id

constexpr std::array required_files = {"Users", "Tags", "Posts", "Comments", "Votes"};

std::int64_t id_of_answer(std::int64_t post_id) { return 2 * post_id; }

std::int64_t id_of_comment(std::int64_t comment_id) { return 2 * comment_id + 1; }

std::filesystem::path file_of(const std::filesystem::path& folder, const std::string& name)
{
    for (const char* extension : {".xml", ".xml.gz"}) {
        std::filesystem::path file = folder / (name + extension);
        if (std::filesystem::exists(file)) return file;
    }
    throw import_error{name + ".xml", 0, "is missing in " + folder.string() + ", as is " + name + ".xml.gz"};
}

std::string join(const std::vector<std::string>& names)
{
    std::string all;
    for (const std::string& name : names) all.append(all.empty() ? "" : " ").append(name);
    return all;
}

class importer {
 public:
    importer(storage::session& s, const std::filesystem::path& folder, import_progress& progress)
        : session_{s}, folder_{std::filesystem::canonical(folder)}, progress_{progress}
    {}

    asio::awaitable<import_summary> run()
    {
        for (const char* name : required_files) file_of(folder_, name);
        co_await make_source();
        co_await each_row("Users", &importer::add_user);
        co_await each_row("Tags", &importer::add_tag);
        co_await each_row("Posts", &importer::add_question);
        co_await each_row("Posts", &importer::add_answer);  // a second pass, because an answer may precede its question
        co_await each_row("Comments", &importer::add_comment);
        co_await each_row("Votes", &importer::add_like);
        co_await recount(session_, source_, category_, deleted_user_);
        co_return std::move(summary_);
    }

 private:
    using row_step = asio::awaitable<void> (importer::*)(const xml_rows&);

    asio::awaitable<void> each_row(const std::string name, row_step step)
    {
        xml_rows rows{file_of(folder_, name)};
        std::int64_t count = 0;
        while (rows.next()) {
            co_await (this->*step)(rows);
            if (++count % rows_per_report == 0) progress_.rows_read(name, count, rows.fraction());
        }
        progress_.rows_read(name, count, 1);
    }

    asio::awaitable<void> make_source();
    asio::awaitable<void> add_user(const xml_rows& row);
    asio::awaitable<void> add_tag(const xml_rows& row);
    asio::awaitable<void> add_question(const xml_rows& row);
    asio::awaitable<void> add_post_tags(std::int64_t post_id, const std::vector<std::string>& tags);
    asio::awaitable<void> add_answer(const xml_rows& row);
    asio::awaitable<void> add_comment(const xml_rows& row);
    asio::awaitable<void> add_like(const xml_rows& row);

    struct body {
        std::string markdown;
        std::string html;
        std::string original;  ///< sanitised HTML of the dump
    };
    body body_of(std::string_view html);
    std::string render(std::string_view markdown);

    /// Counts a row. `added` 0 means that the row exists already, or that the row it belongs to does not; the query
    /// `exists` tells which of the two.
    asio::awaitable<void> count(std::int64_t added, std::int64_t& counter, std::string_view exists,
                                std::int64_t external_id, const char* orphan);

    storage::session& session_;
    std::filesystem::path folder_;
    import_progress& progress_;
    import_summary summary_;
    std::int64_t source_ = 0;
    std::int64_t category_ = 0;
    std::int64_t deleted_user_ = 0;
};

asio::awaitable<void> importer::make_source()
{
    const std::string site = folder_.filename();
    co_await session_.exec("INSERT INTO import_sources (name, imported_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                           site, larder::system_clock().wall());
    co_await session_.exec("INSERT INTO categories (slug, name) VALUES ($1, $2) ON CONFLICT DO NOTHING", slug(site),
                           site);
    co_await session_.exec(
        "INSERT INTO users (username, display_name, folded_name, created_at)"
        " VALUES ('deleted-user', 'deleted user', 'deleted user', 0)"
        " ON CONFLICT DO NOTHING");
    source_ = (co_await session_.first<std::int64_t>("SELECT id FROM import_sources WHERE name = $1", site)).value();
    category_ =
        (co_await session_.first<std::int64_t>("SELECT id FROM categories WHERE slug = $1", slug(site))).value();
    deleted_user_ =
        (co_await session_.first<std::int64_t>("SELECT id FROM users WHERE username = 'deleted-user'")).value();
}

asio::awaitable<void> importer::count(std::int64_t added, std::int64_t& counter, std::string_view exists,
                                      std::int64_t external_id, const char* orphan)
{
    if (added > 0) {
        ++counter;
        co_return;
    }
    const auto exists_already = co_await session_.first<std::int64_t>(exists, source_, external_id);
    ++(exists_already ? summary_.existing : summary_.skipped[orphan]);
}

/// Converts a body. A text that is too expensive to convert is stored as a code block and counted.
importer::body importer::body_of(std::string_view html)
{
    const auto safe = markup::try_sanitize_html(html);
    if (safe) {
        auto converted = markup::from_html(*safe);
        summary_.shown_as_code += converted.faithful ? 0 : 1;
        return {std::move(converted.markdown), std::move(converted.html), *safe};
    }
    ++summary_.shown_as_code;
    std::string code = markup::as_code_block(html.substr(0, max_shown_source));
    std::string shown = markup::render_markdown(code).value_or(std::string{});
    return {std::move(code), std::move(shown), markup::sanitize_html(html)};
}

std::string importer::render(std::string_view markdown)
{
    if (auto html = markup::render_markdown(markdown)) return *std::move(html);
    ++summary_.shown_as_code;
    return markup::render_markdown(markup::as_code_block(markdown)).value_or(std::string{});
}

/// Tries names until one is free. If the user exists already, none of the inserts adds a row.
asio::awaitable<void> importer::add_user(const xml_rows& row)
{
    const std::int64_t id = row.required_number("Id");
    const std::string display_name{row.text("DisplayName")};
    const std::string bio = markup::plain_text(markup::sanitize_html(row.text("AboutMe")), users::max_bio);
    std::string name = slug(display_name);
    if (name.empty()) name = "user";
    const std::string numbered = "-" + std::to_string(id);
    const std::array<std::string, 3> suffixes{"", numbered, numbered + "-" + std::to_string(source_)};
    for (const std::string& suffix : suffixes) {
        const std::int64_t added = co_await session_.exec(
            "INSERT INTO users (username, display_name, bio, created_at, source_id, external_id, folded_name)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
            username(name, suffix), display_name.empty() ? name : display_name, bio, row.required_time("CreationDate"),
            source_, id, markup::folded(display_name.empty() ? name : display_name));
        summary_.users += added;
        if (added > 0) co_return;
    }
    ++summary_.existing;
}

asio::awaitable<void> importer::add_tag(const xml_rows& row)
{
    const std::string name{row.text("TagName")};
    if (name.empty()) row.fail("a row without TagName");
    const std::int64_t added =
        co_await session_.exec("INSERT INTO tags (name) VALUES ($1) ON CONFLICT DO NOTHING", name);
    summary_.tags += added;
    summary_.existing += 1 - added;
}

asio::awaitable<void> importer::add_question(const xml_rows& row)
{
    const std::int64_t type = row.required_number("PostTypeId");
    if (type == answer) co_return;
    if (type != question) {
        ++summary_.skipped["posts of type " + std::to_string(type)];
        co_return;
    }
    const body text = body_of(row.text("Body"));
    const std::vector<std::string> tags = split_tags(row.text("Tags"));
    const larder::timestamp created = row.required_time("CreationDate");
    const auto id = co_await session_.first<std::int64_t>(
        "INSERT INTO posts (author_id, category_id, title, excerpt, tags, views, created_at, updated_at, active_at,"
        " source_id, external_id)"
        " VALUES (COALESCE((SELECT id FROM users WHERE source_id = $1 AND external_id = $2), $3), $4, $5, $6, $7, $8,"
        " $9, $10, $9, $1, $11) ON CONFLICT DO NOTHING RETURNING id",
        source_, row.number("OwnerUserId").value_or(no_external_id), deleted_user_, category_, row.text("Title"),
        markup::excerpt(text.html, posts::excerpt_size), join(tags), row.number("ViewCount").value_or(0), created,
        row.time("LastEditDate", created), row.required_number("Id"));
    if (!id) {
        ++summary_.existing;
        co_return;
    }
    ++summary_.posts;
    co_await session_.exec("INSERT INTO post_bodies (post_id, body, body_html, original) VALUES ($1, $2, $3, $4)", *id,
                           std::string_view{text.markdown}, std::string_view{text.html},
                           std::string_view{text.original});
    co_await add_post_tags(*id, tags);
}

asio::awaitable<void> importer::add_post_tags(std::int64_t post_id, const std::vector<std::string>& tags)
{
    constexpr std::string_view link =
        "INSERT INTO post_tags (tag_id, post_id) SELECT id, $1 FROM tags WHERE name = $2 ON CONFLICT DO NOTHING";
    for (const std::string& tag : tags) {
        const auto linked = co_await session_.exec(link, post_id, tag);
        if (linked > 0) continue;
        summary_.tags += co_await session_.exec("INSERT INTO tags (name) VALUES ($1) ON CONFLICT DO NOTHING", tag);
        co_await session_.exec(link, post_id, tag);
    }
}

asio::awaitable<void> importer::add_answer(const xml_rows& row)
{
    if (row.required_number("PostTypeId") != answer) co_return;
    const std::int64_t external_id = id_of_answer(row.required_number("Id"));
    const body text = body_of(row.text("Body"));
    const larder::timestamp created = row.required_time("CreationDate");
    const std::int64_t added = co_await session_.exec(
        "INSERT INTO comments (post_id, depth, author_id, body, body_html, original, created_at, updated_at, source_id,"
        " external_id)"
        " SELECT id, 0, COALESCE((SELECT id FROM users WHERE source_id = $1 AND external_id = $2), $3), $4, $5, $6, $7,"
        " $8, $1, $9 FROM posts WHERE source_id = $1 AND external_id = $10 ON CONFLICT DO NOTHING",
        source_, row.number("OwnerUserId").value_or(no_external_id), deleted_user_, std::string_view{text.markdown},
        std::string_view{text.html}, std::string_view{text.original}, created, row.time("LastEditDate", created),
        external_id, row.required_number("ParentId"));
    co_await count(added, summary_.answers, "SELECT id FROM comments WHERE source_id = $1 AND external_id = $2",
                   external_id, "answers to unknown questions");
}

/// Comments are the only texts of a dump that are written in Markdown.
asio::awaitable<void> importer::add_comment(const xml_rows& row)
{
    const std::int64_t external_id = id_of_comment(row.required_number("Id"));
    const std::int64_t post = row.required_number("PostId");
    const std::int64_t added = co_await session_.exec(
        "INSERT INTO comments (post_id, parent_id, root_id, depth, author_id, body, body_html, created_at, updated_at,"
        " source_id, external_id)"
        " SELECT above.post_id, above.id, above.id, above.depth,"
        " COALESCE((SELECT id FROM users WHERE source_id = $1 AND external_id = $2), $3), $4, $5, $6, $6, $1, $7"
        " FROM (SELECT id AS post_id, CAST(NULL AS BIGINT) AS id, 0 AS depth FROM posts"
        " WHERE source_id = $1 AND external_id = $8"
        " UNION ALL SELECT post_id, id, 1 FROM comments WHERE source_id = $1 AND external_id = $9) AS above"
        " WHERE true ON CONFLICT DO NOTHING",
        source_, row.number("UserId").value_or(no_external_id), deleted_user_, row.text("Text"),
        render(row.text("Text")), row.required_time("CreationDate"), external_id, post, id_of_answer(post));
    co_await count(added, summary_.comments, "SELECT id FROM comments WHERE source_id = $1 AND external_id = $2",
                   external_id, "comments on unknown posts");
}

asio::awaitable<void> importer::add_like(const xml_rows& row)
{
    const std::int64_t type = row.required_number("VoteTypeId");
    if (type != up_vote) {
        ++summary_.skipped["votes of type " + std::to_string(type)];
        co_return;
    }
    const std::int64_t id = row.required_number("Id");
    const std::int64_t post = row.required_number("PostId");
    const std::int64_t added = co_await session_.exec(
        "INSERT INTO likes (post_id, comment_id, created_at, source_id, external_id)"
        " SELECT liked.post_id, liked.comment_id, $1, $2, $3"
        " FROM (SELECT id AS post_id, CAST(NULL AS BIGINT) AS comment_id FROM posts"
        " WHERE source_id = $2 AND external_id = $4"
        " UNION ALL SELECT NULL, id FROM comments WHERE source_id = $2 AND external_id = $5) AS liked"
        " WHERE true ON CONFLICT DO NOTHING",
        row.required_time("CreationDate"), source_, id, post, id_of_answer(post));
    co_await count(added, summary_.likes, "SELECT id FROM likes WHERE source_id = $1 AND external_id = $2", id,
                   "votes for unknown posts");
}

}  // namespace

asio::awaitable<import_summary> import_stackexchange(storage::database& db, const std::filesystem::path& folder,
                                                     import_progress& progress)
{
    if (!std::filesystem::is_directory(folder)) throw import_error{folder.string(), 0, "is not a folder"};
    co_return co_await db.write([&](storage::session& s) -> asio::awaitable<import_summary> {
        importer i{s, folder, progress};
        auto done = co_await i.run();
        // The nodes must drop their caches, because the new rows change counters and lists almost everywhere.
        storage::invalidations invalidations;
        if (done.added() > 0) invalidations.add_everything();
        co_await storage::leave_to_relays(s, invalidations);
        co_return done;
    });
}

}  // namespace agora::import
