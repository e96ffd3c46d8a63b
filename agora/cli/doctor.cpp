// SPDX-License-Identifier: MIT
// `agora doctor`: what the configuration came to, and whether what it names is there.
#include <fmt/format.h>
#include <agora/app/open_database.hpp>
#include <agora/app/open_redis.hpp>
#include <agora/cli/cli.hpp>
#include <agora/storage/migrate.hpp>
#include <agora/version.hpp>
#include <larder/json.hpp>
#include <larder/timeout.hpp>

namespace agora::cli {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

struct check {
    std::string name;
    bool ok = false;
    std::string detail;
    std::string next_step;
};
BOOST_DESCRIBE_STRUCT(check, (), (name, ok, detail, next_step))

struct shown_setting {
    std::string name;
    std::string value;
    std::string source;
};
BOOST_DESCRIBE_STRUCT(shown_setting, (), (name, value, source))

struct report {
    std::string version;
    std::vector<shown_setting> settings;
    std::vector<check> checks;
};
BOOST_DESCRIBE_STRUCT(report, (), (version, settings, checks))

check check_data_folder(const app::config& c)
{
    check r{"data folder", false, c.data.string(), ""};
    std::error_code ec;
    std::filesystem::create_directories(c.data, ec);
    const auto space = std::filesystem::space(c.data, ec);
    if (ec) {
        r.detail += ": " + ec.message();
        r.next_step = "make the folder, or name another one with --data";
        return r;
    }
    constexpr std::uintmax_t mebibyte = 1024 * 1024;
    r.detail += fmt::format(", {} MiB free", space.available / mebibyte);
    r.ok = space.available > 100 * mebibyte;
    if (!r.ok) r.next_step = "free some disk space";
    return r;
}

asio::awaitable<void> look_at_database(storage::database& db, check& connection, check& schema)
{
    const auto begin = std::chrono::steady_clock::now();
    co_await larder::with_timeout(db.ping(), 5s);
    const auto ms = std::chrono::duration<double, std::milli>{std::chrono::steady_clock::now() - begin}.count();
    connection.detail = fmt::format("{} {}, {:.1f} ms", db.describe(), co_await db.server_version(), ms);
    connection.ok = true;
    std::size_t pending = 0;
    const auto migrations = co_await storage::migration_status(db);
    for (const auto& m : migrations) pending += m.applied_at ? 0U : 1U;
    schema.ok = true;
    schema.detail =
        pending == 0 ? "up to date" : fmt::format("{} migrations pending; `agora serve` applies them", pending);
}

void check_database(const app::config& c, std::vector<check>& checks)
{
    check connection{"database", false, app::redact_url(c.database_url), ""};
    check schema{"schema", false, "not looked at", ""};
    try {
        larder::runtime runtime{{.loops = 1}};
        const auto db = app::open_database(c, runtime);
        runtime.run_until_done(look_at_database(*db, connection, schema));
        db->close();
    } catch (const storage::schema_too_new& e) {
        schema.detail = e.what();
        schema.next_step = "run a newer agora";
    } catch (const std::exception& e) {
        connection.detail += std::string{": "} + e.what();
        connection.next_step = "check DATABASE_URL and that the server is running";
    }
    checks.push_back(connection);
    checks.push_back(schema);
}

asio::awaitable<void> look_at_redis(larder::redis::client& redis, check& r)
{
    const auto begin = std::chrono::steady_clock::now();
    const auto up = co_await redis.connect();
    const auto ms = std::chrono::duration<double, std::milli>{std::chrono::steady_clock::now() - begin}.count();
    const auto state = co_await redis.state();
    r.ok = up.has_value();
    if (r.ok) {
        r.detail = fmt::format("{}, Redis {}, {:.1f} ms", state.server, state.version, ms);
    } else {
        r.detail += ": " + up.error().message;
        r.next_step = "agora redis check";
    }
}

void check_redis(const app::config& c, std::vector<check>& checks)
{
    if (!c.redis) return;
    check r{"redis", false, larder::redis::redacted(*c.redis), ""};
    larder::runtime runtime{{.loops = 1}};
    const auto redis = app::open_redis(c, runtime);
    runtime.run_until_done(look_at_redis(*redis, r));
    checks.push_back(r);
}

void print(const report& r)
{
    fmt::print("agora {}\n\n", r.version);
    for (const auto& s : r.settings) fmt::print("  {:20} {:45} {}\n", s.name, s.value, s.source);
    fmt::print("\n");
    for (const auto& k : r.checks) {
        fmt::print("  {} {:12} {}\n", k.ok ? "ok  " : "FAIL", k.name, k.detail);
        if (!k.next_step.empty()) fmt::print("       next: {}\n", k.next_step);
    }
}

}  // namespace

int run_doctor(const app::config& c, bool as_json)
{
    report r;
    r.version = version;
    for (const auto& s : c.effective) r.settings.push_back({std::string{s.name}, s.value, s.source});
    r.checks.push_back(check_data_folder(c));
    check_database(c, r.checks);
    check_redis(c, r.checks);
    if (as_json) {
        fmt::print("{}\n", larder::json::to_string(r));
    } else {
        print(r);
    }
    const bool ok = std::all_of(r.checks.begin(), r.checks.end(), [](const check& k) { return k.ok; });
    return ok ? 0 : 1;
}

}  // namespace agora::cli
