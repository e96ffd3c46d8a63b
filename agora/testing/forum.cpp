// SPDX-License-Identifier: MIT
// Opens the fixture's database, SQLite or PostgreSQL, and adds users and categories.
#include <agora/storage/migrate.hpp>
#include <agora/storage/postgres/postgres.hpp>
#include <agora/storage/sqlite/sqlite.hpp>
#include <agora/testing/forum.hpp>
#include <larder/testing/postgres_server.hpp>

namespace agora::testing {

namespace {

std::unique_ptr<storage::database> open(const std::string& dialect, const std::filesystem::path& folder,
                                        larder::runtime& loops)
{
    if (dialect == "sqlite") {
        storage::sqlite_options options;
        options.path = folder / "forum.db";
        options.synchronous = storage::sqlite_options::durability::normal;
        return storage::make_sqlite(options);
    }
    storage::postgres_options options;
    options.url = larder::testing::postgres_server::shared().create_database();
    return storage::make_postgres(options, loops);
}

}  // namespace

forum::forum() : loops_{larder::runtime_options{.loops = 1}}, db_{open(GetParam(), folder_.path(), loops_)}
{
    run(storage::migrate(db()));
}

forum::~forum() { db_->close(); }

std::int64_t forum::add_user(const std::string& name)
{
    execute("INSERT INTO users (username, display_name, created_at) VALUES ($1, $1, 0)", name);
    return number("SELECT id FROM users WHERE username = $1", name);
}

std::int64_t forum::add_category(const std::string& slug)
{
    execute("INSERT INTO categories (slug, name) VALUES ($1, $1)", slug);
    return number("SELECT id FROM categories WHERE slug = $1", slug);
}

}  // namespace agora::testing
