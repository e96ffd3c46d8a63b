// SPDX-License-Identifier: MIT
// The SQL store of categories and tags. Their counters are columns that the posts slice keeps up to date, so that no
// statement here counts posts.
#include <agora/features/categories/categories.hpp>

namespace agora::categories {

namespace {

class sql_store final : public store {
 public:
    explicit sql_store(storage::database& db) : db_{db} {}

    asio::awaitable<std::vector<category>> list(const api::window& w) override
    {
        return db_.all<category>(
            "SELECT id, slug, name, description, posts FROM categories WHERE id > $1 ORDER BY id LIMIT $2 OFFSET $3",
            w.after.value_or(api::before_all).id, w.limit + 1, w.offset);
    }

    asio::awaitable<std::vector<tag>> tags(const api::window& w) override
    {
        const api::position after = w.after.value_or(api::after_all);
        return db_.all<tag>(
            "SELECT id, name, posts FROM tags WHERE posts > 0 AND (posts, id) < ($1, $2)"
            " ORDER BY posts DESC, id DESC LIMIT $3 OFFSET $4",
            after.key, after.id, w.limit + 1, w.offset);
    }

    asio::awaitable<std::vector<category>> largest(std::int64_t most) override
    {
        return db_.all<category>(
            "SELECT id, slug, name, description, posts FROM categories ORDER BY posts DESC, id LIMIT $1", most);
    }

    asio::awaitable<std::optional<category>> find(std::string_view slug) override
    {
        return db_.first<category>("SELECT id, slug, name, description, posts FROM categories WHERE slug = $1", slug);
    }

    asio::awaitable<community_numbers> community() override
    {
        // Built-in accounts, which are no members, were created at 0.
        const auto found = co_await db_.first<community_numbers>(
            "SELECT CAST(coalesce(sum(posts), 0) AS BIGINT) AS posts,"
            " count(CASE WHEN deleted_at IS NULL AND created_at > 0 THEN 1 END) AS members,"
            " coalesce(min(CASE WHEN created_at > 0 THEN created_at END), 0) AS since FROM users");
        co_return *found;
    }

    asio::awaitable<bool> exists(std::int64_t category_id) override
    {
        const auto found = co_await db_.first<std::int64_t>("SELECT id FROM categories WHERE id = $1", category_id);
        co_return found.has_value();
    }

    asio::awaitable<std::int64_t> count(std::int64_t most) override
    {
        const auto n = co_await db_.first<std::int64_t>(
            "SELECT count(*) AS n FROM (SELECT 1 FROM categories LIMIT $1) AS counted", most);
        co_return *n;
    }

    asio::awaitable<std::int64_t> count_tags(std::int64_t most) override
    {
        const auto n = co_await db_.first<std::int64_t>(
            "SELECT count(*) AS n FROM (SELECT 1 FROM tags WHERE posts > 0 LIMIT $1) AS counted", most);
        co_return *n;
    }

 private:
    storage::database& db_;
};

}  // namespace

std::unique_ptr<store> make_categories_store(storage::database& db) { return std::make_unique<sql_store>(db); }

}  // namespace agora::categories
