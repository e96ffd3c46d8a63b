// SPDX-License-Identifier: MIT
// The statements of a list of posts, built from the parts that its filter needs. Private to this slice: the store runs
// them, the tests ask the databases for their query plans.
//
// Every statement ends in a comparison of (sort value, id), so that a page starts at its place in the index instead of
// skipping rows. There are few distinct statements, and the drivers keep them prepared.
#pragma once

#include <agora/features/posts/posts.hpp>
#include <string>
#include <string_view>

namespace agora::posts {

class statement {
 public:
    std::string sql;
    storage::params bound;

    /// Appends `text` and the placeholder of a new parameter.
    statement& add(std::string_view text, storage::value v);
};

/// Up to `w.limit + 1` rows of `list_row`, in order.
statement list_statement(const filter& f, const api::window& w);

/// Selects the number of posts; the count stops at `most`.
statement count_statement(const filter& f, std::int64_t most);

// The columns of summary_row, selected from posts p, users u and categories c.
#define AGORA_POST_COLUMNS                                                                                     \
    "SELECT p.id, p.title, p.excerpt, c.slug AS category, p.tags, p.author_id, u.username AS author_username," \
    " u.avatar_url AS author_avatar_url, p.likes, p.views, p.comments, p.version, p.created_at, p.updated_at"

struct summary_row {
    std::int64_t id;
    std::string title;
    std::string excerpt;
    std::optional<std::string> category;
    std::string tags;
    std::int64_t author_id;
    std::string author_username;
    std::string author_avatar_url;
    std::int64_t likes;
    std::int64_t views;
    std::int64_t comments;
    std::int64_t version;
    larder::timestamp created_at;
    larder::timestamp updated_at;
};
BOOST_DESCRIBE_STRUCT(summary_row, (),
                      (id, title, excerpt, category, tags, author_id, author_username, author_avatar_url, likes, views,
                       comments, version, created_at, updated_at))

struct list_row : summary_row {
    std::int64_t sort_key;
};
BOOST_DESCRIBE_STRUCT(list_row, (summary_row), (sort_key))

}  // namespace agora::posts
