// SPDX-License-Identifier: MIT
// The SQL store of posts. `posts.tags` is what readers see, `post_tags` is the index over it, and the counters of
// authors, categories and tags count the posts that are not deleted. Each transaction keeps all of them consistent: an
// edit subtracts the old row from the counters, changes it, and adds the new one. Concurrent edits are detected by
// claim(). Start at sql_store.
#include <agora/api/precondition.hpp>
#include <agora/api/shown_line.hpp>
#include <agora/features/posts/posts_cache.hpp>
#include <agora/features/posts/posts_sql.hpp>
#include <agora/storage/outbox.hpp>

namespace agora::posts {

namespace {

struct post_row : summary_row {
    std::string body;
    std::string body_html;
};
BOOST_DESCRIBE_STRUCT(post_row, (summary_row), (body, body_html))

constexpr std::string_view select_post = AGORA_POST_COLUMNS
    ", b.body, b.body_html"
    " FROM posts p JOIN users u ON u.id = p.author_id JOIN post_bodies b ON b.post_id = p.id"
    " LEFT JOIN categories c ON c.id = p.category_id"
    " WHERE p.id = $1 AND p.deleted_at IS NULL";

std::vector<std::string> split(std::string_view names)
{
    std::vector<std::string> tags;
    while (!names.empty()) {
        const auto space = names.find(' ');
        tags.emplace_back(names.substr(0, space));
        names.remove_prefix(space == std::string_view::npos ? names.size() : space + 1);
    }
    return tags;
}

std::string joined(const std::vector<std::string>& tags)
{
    std::string names;
    for (const std::string& tag : tags) {
        if (!names.empty()) names += ' ';
        names += tag;
    }
    return names;
}

void fill(post_summary& p, summary_row& row)
{
    p.id = row.id;
    p.title = api::shown_line(std::move(row.title));  // imported titles are stored unfiltered
    p.excerpt = std::move(row.excerpt);
    p.category = std::move(row.category);
    p.tags = split(row.tags);
    p.author.id = row.author_id;
    p.author.username = std::move(row.author_username);
    p.author.avatar_url = std::move(row.author_avatar_url);
    p.likes = row.likes;
    p.views = row.views;
    p.comments = row.comments;
    p.version = row.version;
    p.created_at = row.created_at;
    p.updated_at = row.updated_at;
}

std::optional<post> to_post(std::optional<post_row> row)
{
    if (!row) return std::nullopt;
    post p;
    fill(p, *row);
    p.body = std::move(row->body);
    p.body_html = std::move(row->body_html);
    return p;
}

/// Adds the post to the counters of its category and tags. Tags are sorted, so that concurrent writers lock them in the
/// same order.
asio::awaitable<void> count_in(storage::session& s, std::int64_t id, const content& c)
{
    co_await s.exec("UPDATE categories SET posts = posts + 1 WHERE id = $1", c.category_id);
    for (const std::string& name : c.tags) {
        const auto tag = co_await s.first<std::int64_t>(
            "INSERT INTO tags (name, posts) VALUES ($1, 1)"
            " ON CONFLICT (name) DO UPDATE SET posts = tags.posts + 1 RETURNING id",
            std::string_view{name});
        co_await s.exec("INSERT INTO post_tags (tag_id, post_id) VALUES ($1, $2)", *tag, id);
    }
}

/// Removes the post from the counters of its category and tags.
asio::awaitable<void> count_out(storage::session& s, std::int64_t id)
{
    co_await s.exec("UPDATE categories SET posts = posts - 1 WHERE id = (SELECT category_id FROM posts WHERE id = $1)",
                    id);
    co_await s.exec("UPDATE tags SET posts = posts - 1 WHERE id IN (SELECT tag_id FROM post_tags WHERE post_id = $1)",
                    id);
    co_await s.exec("DELETE FROM post_tags WHERE post_id = $1", id);
}

/// Moves the post from `version` to the next one. Returns false if another edit was faster. On PostgreSQL, where
/// writers run concurrently, the first one locks the row and the others wait for its transaction.
asio::awaitable<bool> claim(storage::session& s, std::int64_t id, std::int64_t version, larder::timestamp now)
{
    co_return co_await s.exec(
        "UPDATE posts SET version = version + 1, updated_at = $3"
        " WHERE id = $1 AND version = $2 AND deleted_at IS NULL",
        id, version, now) == 1;
}

class sql_store final : public store {
 public:
    explicit sql_store(storage::outbox& outbox) : outbox_{outbox}, db_{outbox.db()} {}

    asio::awaitable<std::vector<api::placed<post_summary>>> list(const filter& f, const api::window& w) override
    {
        const statement s = list_statement(f, w);
        auto rows = co_await db_.read([&](storage::session& on) { return on.all_with<list_row>(s.sql, s.bound); });
        std::vector<api::placed<post_summary>> found(rows.size());
        for (std::size_t i = 0; i < rows.size(); ++i) {
            found[i].at = {rows[i].sort_key, rows[i].id};
            fill(found[i].value, rows[i]);
        }
        co_return found;
    }

    asio::awaitable<std::int64_t> count(const filter& f, std::int64_t most) override
    {
        const statement s = count_statement(f, most);
        const auto n =
            co_await db_.read([&](storage::session& on) { return on.all_with<std::int64_t>(s.sql, s.bound); });
        co_return n.front();
    }

    asio::awaitable<std::optional<post>> find(std::int64_t id) override
    {
        co_return to_post(co_await db_.first<post_row>(select_post, id));
    }

    asio::awaitable<bool> was_deleted(std::int64_t id) override
    {
        const auto found =
            co_await db_.first<std::int64_t>("SELECT id FROM posts WHERE id = $1 AND deleted_at IS NOT NULL", id);
        co_return found.has_value();
    }

    asio::awaitable<bool> exists(std::int64_t id) override
    {
        const auto found =
            co_await db_.first<std::int64_t>("SELECT id FROM posts WHERE id = $1 AND deleted_at IS NULL", id);
        co_return found.has_value();
    }

    asio::awaitable<std::vector<std::int64_t>> most_liked(std::size_t most) override
    {
        co_return co_await db_.all<std::int64_t>(
            "SELECT id FROM posts WHERE deleted_at IS NULL ORDER BY likes DESC, id DESC LIMIT $1",
            static_cast<std::int64_t>(most));
    }

    asio::awaitable<std::vector<post_range>> ranges(std::int64_t size) override
    {
        return db_.all<post_range>(
            "SELECT (id - 1) / $1 AS number, max(CASE WHEN active_at > updated_at THEN active_at ELSE updated_at END)"
            " AS changed_at FROM posts WHERE deleted_at IS NULL GROUP BY 1 ORDER BY 1",
            size);
    }

    asio::awaitable<std::vector<post_address>> addresses(std::int64_t number, std::int64_t size) override
    {
        auto found = co_await db_.all<post_address>(
            "SELECT id, title, CASE WHEN active_at > updated_at THEN active_at ELSE updated_at END AS changed_at"
            " FROM posts WHERE id > $1 AND id <= $2 AND deleted_at IS NULL ORDER BY id",
            number * size, number * size + size);
        for (auto& p : found) p.title = api::shown_line(std::move(p.title));
        co_return found;
    }

    asio::awaitable<std::optional<std::int64_t>> category_id(std::string_view slug) override
    {
        co_return co_await db_.first<std::int64_t>("SELECT id FROM categories WHERE slug = $1", slug);
    }

    asio::awaitable<std::vector<category_choice>> categories() override
    {
        return db_.all<category_choice>("SELECT slug, name FROM categories ORDER BY name LIMIT 200");
    }

    asio::awaitable<outcome<post>> insert(const content& c, std::int64_t author_id, larder::timestamp now) override
    {
        const std::string tags = joined(c.tags);
        auto write = [&](storage::session& s, storage::invalidations& invalidations) -> asio::awaitable<outcome<post>> {
            // The author's row first: a concurrent deletion of the account waits and then covers this post too, or it
            // has finished before. It also makes two submissions of one form follow each other.
            const auto there =
                co_await s.exec("UPDATE users SET posts = posts + 1 WHERE id = $1 AND deleted_at IS NULL", author_id);
            if (there == 0) co_return users::account_deleted();
            if (c.once_since) {
                const auto twin = co_await s.first<std::int64_t>(
                    "SELECT p.id FROM posts p JOIN post_bodies b ON b.post_id = p.id WHERE p.author_id = $1"
                    " AND p.created_at > $2 AND p.title = $3 AND b.body = $4 AND p.deleted_at IS NULL LIMIT 1",
                    author_id, *c.once_since, std::string_view{c.title}, std::string_view{c.body});
                if (twin) {
                    co_await s.exec("UPDATE users SET posts = posts - 1 WHERE id = $1", author_id);
                    co_return *to_post(co_await s.first<post_row>(select_post, *twin));
                }
            }
            const auto id = co_await s.first<std::int64_t>(
                "INSERT INTO posts (author_id, category_id, title, excerpt, tags, created_at, updated_at, active_at)"
                " VALUES ($1, $2, $3, $4, $5, $6, $6, $6) RETURNING id",
                author_id, c.category_id, std::string_view{c.title}, std::string_view{c.excerpt},
                std::string_view{tags}, now);
            co_await s.exec("INSERT INTO post_bodies (post_id, body, body_html) VALUES ($1, $2, $3)", *id,
                            std::string_view{c.body}, std::string_view{c.body_html});
            co_await count_in(s, *id, c);
            auto made = *to_post(co_await s.first<post_row>(select_post, *id));
            invalidate_post(invalidations, made.id, made.author);
            co_return made;
        };
        co_return co_await outbox_.write(write);
    }

    asio::awaitable<outcome<post>> update(std::int64_t id, std::int64_t version, const content& c,
                                          larder::timestamp now) override
    {
        const std::string tags = joined(c.tags);
        co_return co_await outbox_.write(
            [&](storage::session& s, storage::invalidations& invalidations) -> asio::awaitable<outcome<post>> {
                const bool claimed = co_await claim(s, id, version, now);
                if (!claimed) co_return api::stale_edit();
                co_await count_out(s, id);
                co_await s.exec("UPDATE posts SET category_id = $2, title = $3, excerpt = $4, tags = $5 WHERE id = $1",
                                id, c.category_id, std::string_view{c.title}, std::string_view{c.excerpt},
                                std::string_view{tags});
                co_await s.exec("UPDATE post_bodies SET body = $2, body_html = $3 WHERE post_id = $1", id,
                                std::string_view{c.body}, std::string_view{c.body_html});
                co_await count_in(s, id, c);
                auto edited = *to_post(co_await s.first<post_row>(select_post, id));
                invalidate_post(invalidations, id, edited.author);
                co_return edited;
            });
    }

    asio::awaitable<outcome<void>> remove(std::int64_t id, std::int64_t version, larder::timestamp now) override
    {
        co_return co_await outbox_.write(
            [&](storage::session& s, storage::invalidations& invalidations) -> asio::awaitable<outcome<void>> {
                const bool claimed = co_await claim(s, id, version, now);
                if (!claimed) co_return api::stale_edit();
                const auto gone = *to_post(co_await s.first<post_row>(select_post, id));
                invalidate_post(invalidations, id, gone.author);
                co_await count_out(s, id);
                co_await s.exec("UPDATE users SET posts = posts - 1 WHERE id = $1", gone.author.id);
                co_await s.exec("UPDATE posts SET deleted_at = $2 WHERE id = $1", id, now);
                co_return outcome<void>{};
            });
    }

 private:
    storage::outbox& outbox_;
    storage::database& db_;
};

}  // namespace

asio::awaitable<void> erase_author(storage::session& s, storage::invalidations& invalidations, const author_erasure& d)
{
    const auto ids = co_await s.all<std::int64_t>(
        "SELECT id FROM posts WHERE author_id = $1 AND deleted_at IS NULL ORDER BY id", d.user_id);
    invalidations.add(larder::tag{"posts"});
    invalidations.add(larder::tag{"posts-of:{}", d.user_id});
    for (const auto id : ids) {
        invalidations.add(by_id(id));
        invalidations.add(larder::tag{"post:{}", id});
        if (!d.scrub) continue;
        invalidations.add(larder::tag{"comments-of:{}", id});
        co_await count_out(s, id);
    }
    if (!d.scrub) co_return;
    co_await s.exec(
        "UPDATE posts SET title = '', excerpt = '', tags = '', version = version + 1,"
        " deleted_at = COALESCE(deleted_at, $2) WHERE author_id = $1",
        d.user_id, d.now);
    co_await s.exec(
        "UPDATE post_bodies SET body = '', body_html = '', original = NULL WHERE post_id IN (SELECT id FROM posts "
        "WHERE author_id = $1)",
        d.user_id);
    co_await s.exec("UPDATE users SET posts = 0 WHERE id = $1", d.user_id);
}

std::unique_ptr<store> make_posts_store(storage::outbox& outbox) { return std::make_unique<sql_store>(outbox); }

}  // namespace agora::posts
