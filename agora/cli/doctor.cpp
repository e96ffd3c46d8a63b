// SPDX-License-Identifier: MIT
// `agora doctor`: shows the effective configuration, and checks the data folder, the database, Redis, and settings that
// are likely mistakes. Start at run_doctor(). It changes nothing, except that it creates the data folder.
#include <fmt/format.h>
#include <unistd.h>
#include <agora/application/open_database.hpp>
#include <agora/application/open_redis.hpp>
#include <agora/application/review.hpp>
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
    bool warning = false;  ///< the check passed, but the setting is likely a mistake
};
BOOST_DESCRIBE_STRUCT(check, (), (name, ok, warning, detail, next_step))

struct shown_setting {
    std::string group;
    std::string name;
    std::string value;
    std::string source;
    bool differs = false;  ///< whether the value differs from the default
};
BOOST_DESCRIBE_STRUCT(shown_setting, (), (group, name, value, source, differs))

struct doctor_report {
    std::string version;
    std::vector<shown_setting> settings;
    std::vector<check> checks;
};
BOOST_DESCRIBE_STRUCT(doctor_report, (), (version, settings, checks))

check check_data_folder(const application::config& c)
{
    check r{"data folder", false, c.data.string(), ""};
    try {
        application::make_data_folder(c);
    } catch (const application::config_error& e) {
        r.detail = e.what();
        return r;
    }
    std::error_code ec;
    const auto space = std::filesystem::space(c.data, ec);
    if (ec) {
        r.detail += ": " + ec.message();
        return r;
    }
    constexpr std::uintmax_t mebibyte = 1024 * 1024;
    r.detail += fmt::format(", {} MiB free", space.available / mebibyte);
    r.ok = space.available > 100 * mebibyte;
    if (!r.ok) r.next_step = "free some disk space";
    return r;
}

asio::awaitable<void> probe_database(storage::database& db, check& connection, check& schema)
{
    const auto begin = std::chrono::steady_clock::now();
    co_await larder::with_timeout(db.ping(), 5s);
    co_await larder::with_timeout(db.verify(), 5s);
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

void check_database(const application::config& c, std::vector<check>& checks)
{
    check connection{"database", false, application::redact_url(c.database_url), ""};
    check schema{"schema", false, "not checked", ""};
    try {
        larder::runtime runtime{{.loops = 1}};
        const auto db = application::open_database(c, runtime);
        runtime.run_until_done(probe_database(*db, connection, schema));
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

asio::awaitable<void> probe_redis(larder::redis::client& redis, check& r)
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

void check_redis(const application::config& c, std::vector<check>& checks)
{
    if (!c.redis) return;
    check r{"redis", false, larder::redis::redacted(*c.redis), ""};
    larder::runtime runtime{{.loops = 1}};
    const auto redis = application::open_redis(c, runtime);
    runtime.run_until_done(probe_redis(*redis, r));
    checks.push_back(r);
}

/// Prints the report as text, with colours on a terminal.
class page {
 public:
    explicit page(bool color) : color_{color} {}

    void print(const doctor_report& r)
    {
        fmt::print("{} {}\n", paint(bold, "agora"), r.version);
        print_settings(r.settings);
        heading("Checks");
        for (const auto& k : r.checks) print_check(k);
        const auto failed = std::count_if(r.checks.begin(), r.checks.end(), [](const check& k) { return !k.ok; });
        const auto warned = std::count_if(r.checks.begin(), r.checks.end(), [](const check& k) { return k.warning; });
        fmt::print("\n{}\n", failed > 0   ? paint(red, fmt::format("{} of {} checks failed.", failed, r.checks.size()))
                             : warned > 0 ? paint(yellow, "It works, with warnings.")
                                          : paint(green, "All checks passed."));
    }

 private:
    static constexpr std::string_view bold = "1";
    static constexpr std::string_view dim = "2";
    static constexpr std::string_view red = "1;31";
    static constexpr std::string_view green = "32";
    static constexpr std::string_view yellow = "33";

    std::string paint(std::string_view style, std::string_view text) const
    {
        return color_ ? fmt::format("\x1b[{}m{}\x1b[0m", style, text) : std::string{text};
    }
    void heading(std::string_view title) const { fmt::print("\n{}\n", paint(bold, title)); }

    /// Prints the settings that differ from the default, with their sources; then the others by group.
    void print_settings(const std::vector<shown_setting>& all) const
    {
        std::size_t name_width = 0;
        std::size_t value_width = 0;
        for (const auto& s : all) {
            name_width = std::max(name_width, s.name.size());
            if (s.differs && s.value.size() <= max_value_width) value_width = std::max(value_width, s.value.size());
        }
        heading("Settings that differ from the default");
        bool any = false;
        for (const auto& s : all) {
            if (!s.differs) continue;
            any = true;
            fmt::print("  {:{}}  {:{}}  {}\n", s.name, name_width, s.value, value_width, paint(dim, s.source));
        }
        if (!any) fmt::print("  {}\n", paint(dim, "none"));
        std::string_view group;
        for (const auto& s : all) {
            if (s.differs) continue;
            if (s.group != group) heading(group = s.group);
            fmt::print("  {:{}}  {}\n", s.name, name_width, s.value.empty() ? paint(dim, "(not set)") : s.value);
        }
    }

    void print_check(const check& k) const
    {
        const auto verdict = !k.ok ? paint(red, "FAIL") : k.warning ? paint(yellow, "warn") : paint(green, "ok  ");
        fmt::print("  {}  {:11}  {}\n", verdict, k.name, k.detail);
        if (!k.next_step.empty()) fmt::print("        {:11}  {}\n", "", paint(bold, "next: ") + k.next_step);
    }

    static constexpr std::size_t max_value_width = 48;  // longer values do not widen the column of all values
    bool color_;
};

}  // namespace

int run_doctor(const application::config& c, bool as_json)
{
    doctor_report r;
    r.version = version;
    for (const auto& s : c.effective)
        r.settings.push_back({std::string{s.group}, std::string{s.name}, s.value, s.source, s.differs});
    r.checks.push_back(check_data_folder(c));
    check_database(c, r.checks);
    check_redis(c, r.checks);
    for (auto& a : application::review(c)) r.checks.push_back({a.subject, true, a.finding, a.next_step, true});
    if (as_json) {
        fmt::print("{}\n", larder::json::to_string(r));
    } else {
        page{c.color && ::isatty(STDOUT_FILENO) == 1}.print(r);
    }
    const bool ok = std::all_of(r.checks.begin(), r.checks.end(), [](const check& k) { return k.ok; });
    return ok ? 0 : 1;
}

}  // namespace agora::cli
