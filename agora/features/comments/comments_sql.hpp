// SPDX-License-Identifier: MIT
// The statements of the lists of comments. Private to this slice: the store runs them, the tests ask the databases
// how they would. Both start after ($2, $3) in an index over (post_id, created_at, id).
#pragma once

#include <string_view>

namespace agora::comments {

inline constexpr std::string_view flat_statement =
    "SELECT c.id, c.post_id, c.parent_id, CASE WHEN c.deleted_at IS NULL THEN c.body ELSE '' END AS body,"
    " CASE WHEN c.deleted_at IS NULL THEN c.body_html ELSE '' END AS body_html, c.author_id,"
    " u.username AS author_username, u.avatar_url AS author_avatar_url, c.likes, c.depth, c.version, c.created_at,"
    " c.updated_at, c.deleted_at, 0 AS threads"
    " FROM comments c JOIN users u ON u.id = c.author_id"
    " WHERE c.post_id = $1 AND (c.created_at, c.id) > ($2, $3)"
    " AND EXISTS (SELECT 1 FROM posts p WHERE p.id = $1 AND p.deleted_at IS NULL)"
    " ORDER BY c.created_at, c.id LIMIT $4 OFFSET $5";

/// The top-level comments of a page first, then the replies of each; sorting by depth puts parents before children.
inline constexpr std::string_view threads_statement =
    "WITH page AS ("
    "SELECT t.id, t.created_at FROM comments t"
    " WHERE t.post_id = $1 AND t.parent_id IS NULL AND (t.created_at, t.id) > ($2, $3)"
    " AND EXISTS (SELECT 1 FROM posts p WHERE p.id = $1 AND p.deleted_at IS NULL)"
    " ORDER BY t.created_at, t.id LIMIT $4 OFFSET $5)"
    " SELECT c.id, c.post_id, c.parent_id, CASE WHEN c.deleted_at IS NULL THEN c.body ELSE '' END AS body,"
    " CASE WHEN c.deleted_at IS NULL THEN c.body_html ELSE '' END AS body_html, c.author_id,"
    " u.username AS author_username, u.avatar_url AS author_avatar_url, c.likes, c.depth, c.version, c.created_at,"
    " c.updated_at, c.deleted_at, (SELECT count(*) FROM page) AS threads"
    " FROM page t JOIN comments c ON c.id = t.id OR c.root_id = t.id JOIN users u ON u.id = c.author_id"
    " ORDER BY t.created_at, t.id, c.depth, c.created_at, c.id LIMIT $6";

}  // namespace agora::comments
