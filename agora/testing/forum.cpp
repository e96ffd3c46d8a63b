// SPDX-License-Identifier: MIT
// Opens the fixture's database, SQLite or PostgreSQL, and adds users and categories.
#include <agora/http/admission.hpp>
#include <agora/http/problem_codes.hpp>
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

client forum::as(std::int64_t user_id, http::role role)
{
    http::principal principal;
    principal.user_id = user_id;
    principal.role = role;
    return {*this, principal};
}

http::response client::send(http::verb method, const std::string& target, std::string_view body,
                            std::string_view content_type)
{
    const auto r = std::make_unique<http::request>();
    r->set_target(target);
    r->method = method;
    r->caller = principal_;
    r->request_id = "test";
    r->body = body;
    if (!body.empty()) r->add_header("Content-Type", content_type);
    r->add_header("Sec-Fetch-Site", "same-origin");
    const auto found = forum_.routes_.match(*r);
    if (found.found == nullptr)
        return http::problem(*r, found.allowed == 0 ? problems::not_found : problems::method_not_allowed,
                             "no such route");
    const auto work = [&]() -> storage::asio::awaitable<http::response> {
        const http::admission_rules rules;
        auto refusal = co_await http::admit(rules, *found.found, *r);
        if (!refusal) refusal = http::refuse_form_of_guest(*found.found, *r);
        if (refusal) co_return *std::move(refusal);
        const bool cached = found.found->cache != nullptr && method == http::verb::get;
        if (!cached) co_return co_await found.found->handler->async(*r);
        auto answer = co_await found.found->cache->answer(*r, *found.found->handler);
        if (answer.stored != nullptr) answer.body = answer.stored->in(http::coding::identity).body;
        co_return answer;
    };
    return forum_.run(work());
}

std::vector<std::string> forum::fields_of(const http::response& a, std::string_view name)
{
    std::vector<std::string> values;
    for (const auto& [field, value] : a.headers)
        if (http::iequals(field, name)) values.push_back(value);
    return values;
}

storage::asio::awaitable<void> forum::wait_until_another_is_blocked(storage::session& s)
{
    for (int i = 0; i < 500 && GetParam() != "sqlite"; ++i) {
        const auto blocked = co_await s.first<std::int64_t>(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'");
        if (*blocked > 0) co_return;
    }
}

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
