// SPDX-License-Identifier: MIT
// Recomputes the counters that an import affects. recount() lists them; each is updated in ranges of rows, so that the
// memory for undoing a statement stays bounded.
#include <agora/import/recount.hpp>
#include <limits>

namespace agora::import {

namespace {

constexpr std::int64_t rows_per_range = 10'000;

/// Runs `update` for ranges of rows. It takes the source and the bounds of external_id, of which the lower one is
/// exclusive. A single statement over all rows would keep its undo information in memory.
asio::awaitable<void> update_in_ranges(storage::session& s, std::int64_t source, const std::string table,
                                       std::string_view update)
{
    const std::string last_of_range =
        "SELECT external_id FROM " + table +
        " WHERE source_id = $1 AND external_id > $2 ORDER BY external_id LIMIT 1 OFFSET $3";
    std::int64_t after = std::numeric_limits<std::int64_t>::min();
    bool more = true;
    while (more) {
        const auto last = co_await s.first<std::int64_t>(last_of_range, source, after, rows_per_range);
        more = last.has_value();
        const std::int64_t up_to = last.value_or(std::numeric_limits<std::int64_t>::max());
        co_await s.exec(update, source, after, up_to);
        after = up_to;
    }
}

}  // namespace

asio::awaitable<void> recount(storage::session& s, std::int64_t source, std::int64_t category, std::int64_t placeholder)
{
    co_await update_in_ranges(s, source, "comments",
                              "UPDATE comments SET likes = (SELECT COUNT(*) FROM likes WHERE comment_id = comments.id)"
                              " WHERE source_id = $1 AND external_id > $2 AND external_id <= $3"
                              " AND EXISTS (SELECT 1 FROM likes WHERE comment_id = comments.id)");
    co_await update_in_ranges(
        s, source, "posts",
        "UPDATE posts SET likes = (SELECT COUNT(*) FROM likes WHERE post_id = posts.id),"
        " comments = (SELECT COUNT(*) FROM comments c WHERE c.post_id = posts.id AND c.deleted_at IS NULL),"
        " active_at = COALESCE((SELECT MAX(c.created_at) FROM comments c WHERE c.post_id = posts.id"
        " AND c.deleted_at IS NULL AND c.created_at > posts.created_at), posts.created_at)"
        " WHERE source_id = $1 AND external_id > $2 AND external_id <= $3");
    co_await update_in_ranges(
        s, source, "users",
        "UPDATE users SET posts = (SELECT COUNT(*) FROM posts p WHERE p.author_id = users.id AND p.deleted_at IS NULL)"
        " WHERE source_id = $1 AND external_id > $2 AND external_id <= $3");
    co_await s.exec(
        "UPDATE users SET posts = (SELECT COUNT(*) FROM posts p WHERE p.author_id = users.id AND p.deleted_at IS NULL)"
        " WHERE id = $1",
        placeholder);
    co_await s.exec(
        "UPDATE categories SET posts = (SELECT COUNT(*) FROM posts p WHERE p.category_id = categories.id"
        " AND p.deleted_at IS NULL) WHERE id = $1",
        category);
    co_await s.exec(
        "UPDATE tags SET posts = (SELECT COUNT(*) FROM post_tags t JOIN posts p ON p.id = t.post_id"
        " WHERE t.tag_id = tags.id AND p.deleted_at IS NULL)"
        " WHERE id IN (SELECT t.tag_id FROM post_tags t JOIN posts p ON p.id = t.post_id WHERE p.source_id = $1)",
        source);
}

}  // namespace agora::import
