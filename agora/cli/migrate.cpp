// SPDX-License-Identifier: MIT
// `agora migrate`: applies the migrations and data steps, or lists them with --status.
#include <fmt/format.h>
#include <agora/application/log.hpp>
#include <agora/application/open_database.hpp>
#include <agora/application/schema.hpp>
#include <agora/cli/cli.hpp>
#include <larder/rfc3339.hpp>

namespace agora::cli {
namespace {

namespace asio = boost::asio;

asio::awaitable<void> show_status(storage::database& db)
{
    const auto migrations = co_await storage::migration_status(db);
    for (const auto& m : migrations) {
        fmt::print("{:04}_{}.sql  {}\n", m.version, m.name,
                   m.applied_at ? "applied " + larder::to_rfc3339(*m.applied_at) : std::string{"pending"});
    }
    const auto steps = co_await application::pending_steps(db);
    for (const auto& name : steps) fmt::print("data step {}  pending\n", name);
}

asio::awaitable<void> apply(storage::database& db)
{
    const auto report = co_await application::bring_up_to_date(db);
    for (const auto& file : report.applied) fmt::print("applied {}\n", file);
    fmt::print("the schema is at version {}\n", report.version);
}

}  // namespace

int run_migrate(const application::config& c, bool status_only)
{
    application::start_log(c);
    larder::runtime runtime{{.loops = 1}};
    const auto db = application::open_database(c, runtime);
    runtime.run_until_done(status_only ? show_status(*db) : apply(*db));
    db->close();
    return 0;
}

}  // namespace agora::cli
