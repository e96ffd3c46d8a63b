// SPDX-License-Identifier: MIT
// The SQL store of comments. A transaction that adds or removes a comment also updates the post's counter and names
// what to invalidate. Start at sql_store; erase_author() below it runs in the transaction that deletes an account.
#include <agora/features/comments/comments_cache.hpp>
#include <agora/features/comments/comments_sql.hpp>

namespace agora::comments {

namespace {

struct comment_row {
    std::int64_t id;
    std::int64_t post_id;
    std::optional<std::int64_t> parent_id;
    std::string body;
    std::string body_html;
    std::int64_t author_id;
    std::string author_username;
    std::string author_avatar_url;
    std::int64_t likes;
    std::int64_t depth;
    std::int64_t version;
    larder::timestamp created_at;
    larder::timestamp updated_at;
    std::optional<larder::timestamp> deleted_at;
    std::int64_t threads;
};
BOOST_DESCRIBE_STRUCT(comment_row, (),
                      (id, post_id, parent_id, body, body_html, author_id, author_username, author_avatar_url, likes,
                       depth, version, created_at, updated_at, deleted_at, threads))

constexpr std::string_view select_one = AGORA_COMMENT_COLUMNS
    ", 0 AS threads"
    " FROM comments c JOIN users u ON u.id = c.author_id JOIN posts p ON p.id = c.post_id"
    " WHERE c.id = $1 AND c.deleted_at IS NULL AND p.deleted_at IS NULL";

struct parent_row {
    std::int64_t id;
    std::int64_t root;
    std::int64_t depth;
};
BOOST_DESCRIBE_STRUCT(parent_row, (), (id, root, depth))

/// The comment that is replied to or, if it is too deep to have replies, its nearest ancestor that is not.
constexpr std::string_view select_parent =
    "WITH RECURSIVE above (id, parent_id, root_id, depth) AS ("
    "SELECT id, parent_id, root_id, depth FROM comments WHERE id = $1 AND post_id = $2 AND deleted_at IS NULL"
    " UNION ALL SELECT c.id, c.parent_id, c.root_id, c.depth FROM comments c JOIN above a ON c.id = a.parent_id"
    " WHERE a.depth >= $3)"
    " SELECT id, COALESCE(root_id, id) AS root, depth FROM above WHERE depth < $3";

failure no_parent()
{
    std::vector<field_error> errors;
    errors.emplace_back("parent_id", field_codes::unknown, "must be a comment of the same post");
    return failure::invalid(std::move(errors));
}

comment to_comment(comment_row row)
{
    comment c;
    c.id = row.id;
    c.post_id = row.post_id;
    c.parent_id = row.parent_id;
    c.body = std::move(row.body);
    c.body_html = std::move(row.body_html);
    c.author.id = row.author_id;
    c.author.username = std::move(row.author_username);
    c.author.avatar_url = std::move(row.author_avatar_url);
    c.likes = row.likes;
    c.depth = row.depth;
    c.version = row.version;
    c.created_at = row.created_at;
    c.updated_at = row.updated_at;
    c.deleted = row.deleted_at.has_value();
    return c;
}

std::vector<comment> to_comments(std::vector<comment_row> rows)
{
    std::vector<comment> comments;
    comments.reserve(rows.size());
    for (comment_row& row : rows) comments.push_back(to_comment(std::move(row)));
    return comments;
}

class sql_store final : public store {
 public:
    explicit sql_store(storage::outbox& outbox) : outbox_{outbox}, db_{outbox.db()} {}

    asio::awaitable<std::optional<comment>> find(std::int64_t id) override
    {
        auto row = co_await db_.first<comment_row>(select_one, id);
        if (!row) co_return std::nullopt;
        co_return to_comment(*std::move(row));
    }

    asio::awaitable<std::optional<comment_place>> place_of(std::int64_t id) override
    {
        return db_.first<comment_place>(
            "SELECT c.post_id, (SELECT count(*) FROM comments t WHERE t.post_id = c.post_id AND t.parent_id IS NULL"
            " AND (t.created_at, t.id) < (root.created_at, root.id)) AS threads_before"
            " FROM comments c JOIN comments root ON root.id = COALESCE(c.root_id, c.id) WHERE c.id = $1",
            id);
    }

    asio::awaitable<std::vector<comment>> flat(std::int64_t post_id, const api::window& w) override
    {
        const api::position after = w.after.value_or(api::before_all);
        auto rows = co_await db_.all<comment_row>(flat_statement, post_id, after.key, after.id, w.limit + 1, w.offset,
                                                  max_page_bytes);
        co_return to_comments(std::move(rows));
    }

    asio::awaitable<thread_rows> threads(std::int64_t post_id, const api::window& w) override
    {
        const api::position after = w.after.value_or(api::before_all);
        auto rows = co_await db_.all<comment_row>(threads_statement, post_id, after.key, after.id, w.limit + 1,
                                                  w.offset, max_thread_rows + 1, max_page_bytes);
        thread_rows found;
        if (!rows.empty()) found.threads = rows.front().threads;
        found.comments = to_comments(std::move(rows));
        co_return found;
    }

    asio::awaitable<std::int64_t> count(std::int64_t post_id, bool top_level_only, std::int64_t most) override
    {
        constexpr std::string_view of_all =
            "SELECT count(*) AS comments FROM (SELECT 1 FROM comments WHERE post_id = $1 LIMIT $2) AS counted";
        constexpr std::string_view of_top_level =
            "SELECT count(*) AS comments FROM"
            " (SELECT 1 FROM comments WHERE post_id = $1 AND parent_id IS NULL LIMIT $2) AS counted";
        const auto n = co_await db_.first<std::int64_t>(top_level_only ? of_top_level : of_all, post_id, most);
        co_return *n;
    }

    asio::awaitable<outcome<comment>> insert(std::int64_t post_id, std::optional<std::int64_t> parent_id,
                                             const content& c, std::int64_t author_id, larder::timestamp now) override
    {
        auto write = [&](storage::session& s,
                         storage::invalidations& invalidations) -> asio::awaitable<outcome<comment>> {
            const bool there = co_await users::lock_member(s, author_id);
            if (!there) co_return users::account_deleted();
            if (c.once_since) {
                const auto twin = co_await s.first<std::int64_t>(
                    "SELECT id FROM comments WHERE author_id = $1 AND post_id = $2 AND created_at > $3 AND body = $4"
                    " AND COALESCE(parent_id, 0) = COALESCE($5, 0) AND deleted_at IS NULL LIMIT 1",
                    author_id, post_id, *c.once_since, std::string_view{c.body}, parent_id);
                if (twin) co_return to_comment(*co_await s.first<comment_row>(select_one, *twin));
            }
            // The post's row first: a concurrent deletion of the post waits for this transaction, or came first.
            const auto author = co_await s.first<std::int64_t>(
                "UPDATE posts SET comments = comments + 1, active_at = $2 WHERE id = $1 AND deleted_at IS NULL"
                " RETURNING author_id",
                post_id, now);
            if (!author) co_return failure::not_found("this post");
            std::optional<parent_row> parent;
            if (parent_id) {
                parent = co_await s.first<parent_row>(select_parent, *parent_id, post_id, max_nesting);
                if (!parent) co_return no_parent();
                parent_id = parent->id;
            }
            std::optional<std::int64_t> root;
            if (parent) root = parent->root;
            const auto id = co_await s.first<std::int64_t>(
                "INSERT INTO comments (post_id, parent_id, root_id, depth, author_id, body, body_html, created_at,"
                " updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) RETURNING id",
                post_id, parent_id, root, parent ? parent->depth + 1 : 0, author_id, std::string_view{c.body},
                std::string_view{c.body_html}, now);
            auto made = to_comment(*co_await s.first<comment_row>(select_one, *id));
            invalidate_comment(invalidations, made);
            posts::invalidate_counters(invalidations, post_id, *author);
            co_return made;
        };
        co_return co_await outbox_.write(write);
    }

    asio::awaitable<outcome<comment>> update(std::int64_t id, std::int64_t version, const content& c,
                                             larder::timestamp now) override
    {
        auto write = [&](storage::session& s,
                         storage::invalidations& invalidations) -> asio::awaitable<outcome<comment>> {
            const auto n = co_await s.exec(
                "UPDATE comments SET body = $3, body_html = $4, version = version + 1, updated_at = $5"
                " WHERE id = $1 AND version = $2 AND deleted_at IS NULL",
                id, version, std::string_view{c.body}, std::string_view{c.body_html}, now);
            if (n != 1) co_return api::stale_edit();
            const auto row = co_await s.first<comment_row>(select_one, id);
            if (!row) co_return failure::not_found("this comment");
            auto edited = to_comment(*row);
            invalidate_comment(invalidations, edited);
            co_return edited;
        };
        co_return co_await outbox_.write(write);
    }

    asio::awaitable<outcome<void>> remove(std::int64_t id, std::int64_t version, larder::timestamp now) override
    {
        auto write = [&](storage::session& s, storage::invalidations& invalidations) -> asio::awaitable<outcome<void>> {
            const auto row = co_await s.first<comment_row>(select_one, id);
            if (!row) co_return failure::not_found("this comment");
            const auto n = co_await s.exec(
                "UPDATE comments SET deleted_at = $3 WHERE id = $1 AND version = $2 AND deleted_at IS NULL", id,
                version, now);
            if (n != 1) co_return api::stale_edit();
            const auto author = co_await s.first<std::int64_t>(
                "UPDATE posts SET comments = comments - 1 WHERE id = $1 RETURNING author_id", row->post_id);
            invalidate_comment(invalidations, to_comment(*row));
            posts::invalidate_counters(invalidations, row->post_id, *author);
            co_return outcome<void>{};
        };
        co_return co_await outbox_.write(write);
    }

 private:
    storage::outbox& outbox_;
    storage::database& db_;
};

/// A post that the member has commented on.
struct place {
    std::int64_t id;
    std::int64_t author_id;
};
BOOST_DESCRIBE_STRUCT(place, (), (id, author_id))

}  // namespace

asio::awaitable<void> erase_author(storage::session& s, storage::invalidations& invalidations, const author_erasure& d)
{
    const auto ids =
        co_await s.all<std::int64_t>("SELECT id FROM comments WHERE author_id = $1 ORDER BY id", d.user_id);
    for (const auto id : ids) invalidations.add(by_id(id));
    const auto posts = co_await s.all<place>(
        "SELECT DISTINCT p.id, p.author_id FROM comments c JOIN posts p ON p.id = c.post_id WHERE c.author_id = $1"
        " ORDER BY p.id",
        d.user_id);
    for (const auto& p : posts) {
        invalidations.add(larder::tag{"comments-of:{}", p.id});
        if (d.scrub) posts::invalidate_counters(invalidations, p.id, p.author_id);
    }
    if (!d.scrub) co_return;
    co_await s.exec(
        "UPDATE posts SET comments = comments - (SELECT count(*) FROM comments c WHERE c.post_id = posts.id"
        " AND c.author_id = $1 AND c.deleted_at IS NULL)"
        " WHERE id IN (SELECT post_id FROM comments WHERE author_id = $1 AND deleted_at IS NULL)",
        d.user_id);
    co_await s.exec(
        "UPDATE comments SET body = '', body_html = '', original = NULL, version = version + 1,"
        " deleted_at = COALESCE(deleted_at, $2) WHERE author_id = $1",
        d.user_id, d.now);
}

std::unique_ptr<store> make_comments_store(storage::outbox& outbox) { return std::make_unique<sql_store>(outbox); }

}  // namespace agora::comments
