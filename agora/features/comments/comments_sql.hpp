// SPDX-License-Identifier: MIT
// The statements of the lists of comments. Private to this slice: the store runs them, the tests ask the databases for
// their query plans. Both start after ($2, $3) in an index over (post_id, created_at, id). They first add up the
// lengths of the texts, then read only the comments that fit into a page of max_page_bytes characters, and one more.
#pragma once

#include <string_view>

namespace agora::comments {

// The columns of a comment, selected from comments c and users u; deleted ones without their text.
#define AGORA_COMMENT_COLUMNS                                                                                       \
    "SELECT c.id, c.post_id, c.parent_id, CASE WHEN c.deleted_at IS NULL THEN c.body ELSE '' END AS body,"          \
    " CASE WHEN c.deleted_at IS NULL THEN c.body_html ELSE '' END AS body_html, c.author_id,"                       \
    " u.username AS author_username, u.avatar_url AS author_avatar_url, c.likes, c.depth, c.version, c.created_at," \
    " c.updated_at, c.deleted_at"

inline constexpr std::string_view flat_statement =
    "WITH page AS ("
    "SELECT t.id, t.created_at, CASE WHEN t.deleted_at IS NULL THEN LENGTH(t.body) + LENGTH(t.body_html) ELSE 0 END"
    " AS size FROM comments t"
    " WHERE t.post_id = $1 AND (t.created_at, t.id) > ($2, $3)"
    " AND EXISTS (SELECT 1 FROM posts p WHERE p.id = $1 AND p.deleted_at IS NULL)"
    " ORDER BY t.created_at, t.id LIMIT $4 OFFSET $5),"
    " sized AS (SELECT id, created_at, size, SUM(size) OVER (ORDER BY created_at, id) AS bytes FROM page)"
    " " AGORA_COMMENT_COLUMNS
    ", 0 AS threads"
    " FROM sized s JOIN comments c ON c.id = s.id JOIN users u ON u.id = c.author_id WHERE s.bytes - s.size <= $6"
    " ORDER BY s.created_at, s.id";

/// Selects the top-level comments of a page, then adds the replies of each. Within a thread, sorting by depth puts
/// parents before children.
inline constexpr std::string_view threads_statement =
    "WITH page AS ("
    "SELECT t.id, t.created_at FROM comments t"
    " WHERE t.post_id = $1 AND t.parent_id IS NULL AND (t.created_at, t.id) > ($2, $3)"
    " AND EXISTS (SELECT 1 FROM posts p WHERE p.id = $1 AND p.deleted_at IS NULL)"
    " ORDER BY t.created_at, t.id LIMIT $4 OFFSET $5),"
    " of_page AS (SELECT t.created_at AS started, t.id AS thread, r.id, r.depth, r.created_at,"
    " CASE WHEN r.deleted_at IS NULL THEN LENGTH(r.body) + LENGTH(r.body_html) ELSE 0 END AS size"
    " FROM page t JOIN comments r ON r.id = t.id OR r.root_id = t.id"
    " ORDER BY t.created_at, t.id, r.depth, r.created_at, r.id LIMIT $6),"
    " sized AS (SELECT started, thread, id, depth, created_at, size,"
    " SUM(size) OVER (ORDER BY started, thread, depth, created_at, id) AS bytes FROM of_page)"
    " " AGORA_COMMENT_COLUMNS
    ", (SELECT count(*) FROM page) AS threads"
    " FROM sized s JOIN comments c ON c.id = s.id JOIN users u ON u.id = c.author_id WHERE s.bytes - s.size <= $7"
    " ORDER BY s.started, s.thread, s.depth, s.created_at, s.id";

}  // namespace agora::comments
