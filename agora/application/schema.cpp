// SPDX-License-Identifier: MIT
// The data steps of this program, and bringing a database up to date: first the migrations, then the data steps.
#include <agora/application/schema.hpp>
#include <agora/features/comments/comments.hpp>
#include <agora/features/posts/posts.hpp>
#include <agora/features/users/users.hpp>
#include <algorithm>

namespace agora::application {

namespace {

/// The steps in the order in which they run. Append new steps at the end.
std::span<const storage::data_step> data_steps()
{
    static constexpr storage::data_step steps[] = {
        {"markdown of imported posts", posts::convert_imported},
        {"markdown of imported comments", comments::convert_imported},
        {"bios are text", users::convert_imported},
        {"fold display names", users::fold_names},
    };
    return steps;
}

}  // namespace

storage::asio::awaitable<storage::migration_report> bring_up_to_date(storage::database& db)
{
    auto report = co_await storage::migrate(db);
    auto steps = co_await storage::run_data_steps(db, data_steps());
    for (auto& name : steps) report.applied.push_back("data step " + name);
    co_return report;
}

storage::asio::awaitable<std::vector<std::string>> pending_steps(storage::database& db)
{
    const auto migrations = co_await storage::migration_status(db);
    const bool applied = std::ranges::all_of(migrations, [](const auto& m) { return m.applied_at.has_value(); });
    if (applied) co_return co_await storage::pending_data_steps(db, data_steps());
    std::vector<std::string> all;
    for (const auto& step : data_steps()) all.emplace_back(step.name);
    co_return all;
}

}  // namespace agora::application
