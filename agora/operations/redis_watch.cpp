// SPDX-License-Identifier: MIT
// The watch on one Redis server. run() repeats check(), which writes a short-lived key, reads INFO, and passes the
// result to note(); note() stores it and logs when the state changes. Invariant: the log has one line per change of
// state.
#include <agora/log.hpp>
#include <agora/operations/redis_watch.hpp>
#include <larder/timeout.hpp>

#include <array>
#include <charconv>
#include <cmath>

namespace agora::redis_watch {

using namespace std::chrono_literals;
namespace redis = larder::redis;

namespace {

constexpr auto check_timeout = 1s;
constexpr auto first_check_timeout = 2s;  // includes the time to connect
constexpr auto check_interval = 5s;
constexpr auto failing_check_interval = 1s;
constexpr auto step = 250ms;  // short, so that the shutdown of the server need not wait

/// The commands of one check. Only a write shows whether Redis accepts writes. The key expires after a second.
redis::request check_commands()
{
    redis::request r{"SET", "larder:alive", "1", "PX", 1000};
    r.add("INFO");
    return r;
}

struct known_problem {
    std::string_view prefix;
    std::string_view meaning;
};
constexpr std::array<known_problem, 10> known_problems{{
    {"OOM", "it is full (maxmemory) and refuses writes"},
    {"READONLY", "it is a read-only replica and refuses writes"},
    {"LOADING", "it is loading its data and will answer when that is done"},
    {"WRONGPASS", "it rejects the user or the password"},
    {"NOAUTH", "it requires a password, but none is configured"},
    {"MISCONF", "it cannot save its data to disk and refuses writes"},
    {"MASTERDOWN", "it is a replica that has lost its master"},
    {"CLUSTERDOWN", "its cluster is incomplete"},
    {"NOREPLICAS", "it has too few replicas and refuses writes"},
    {"BUSY", "a script has been running in it for too long"},
}};

/// A field of the reply to INFO, which consists of "name:value" lines.
std::optional<std::string> info_field(std::string_view info, std::string_view name)
{
    const auto begin = info.find("\n" + std::string{name} + ":");
    if (begin == std::string_view::npos) return std::nullopt;
    const auto value = info.substr(begin + name.size() + 2);
    return std::string{value.substr(0, value.find('\r'))};
}

std::optional<std::int64_t> to_number(const std::optional<std::string>& text)
{
    std::int64_t n = 0;
    if (!text || std::from_chars(text->data(), text->data() + text->size(), n).ec != std::errc{}) return std::nullopt;
    return n;
}

void read_info(std::string_view info, int database, status& out)
{
    out.version = info_field(info, "redis_version");
    out.role = info_field(info, "role");
    out.memory_usage = info_field(info, "used_memory_human");
    out.used_memory = to_number(info_field(info, "used_memory"));
    out.connected_clients = to_number(info_field(info, "connected_clients"));
    out.operations_per_second = to_number(info_field(info, "instantaneous_ops_per_sec"));
    const auto hits = to_number(info_field(info, "keyspace_hits"));
    const auto misses = to_number(info_field(info, "keyspace_misses"));
    if (hits && misses && *hits + *misses > 0)
        out.hit_rate_percent =
            std::round(static_cast<double>(*hits) * 1e4 / static_cast<double>(*hits + *misses)) / 100;
    // "db0:keys=7,expires=3,..."; without keys the line is absent.
    auto keys = info_field(info, "db" + std::to_string(database));
    if (keys && keys->starts_with("keys=")) keys->erase(0, 5);
    out.keys = keys ? to_number(keys) : std::optional<std::int64_t>{0};
}

std::string_view mode_of(const redis::options& o)
{
    switch (o.kind) {
        case redis::deployment::sentinel:
            return "Sentinel";
        case redis::deployment::cluster:
            return "Cluster";
        case redis::deployment::rest:
            return "REST";
        case redis::deployment::standalone:
            break;
    }
    return "standalone";
}

redis::options watch_options(redis::options o)
{
    o.tracking = {};
    o.liveness = nullptr;
    if (!o.name.empty()) o.name += "-watch";
    return o;
}

}  // namespace

std::string explain_problem(const redis::error& e)
{
    const auto word = std::string_view{e.message}.substr(0, e.message.find(' '));
    for (const auto& p : known_problems)
        if (p.prefix == word) return std::string{p.prefix} + ": " + std::string{p.meaning};
    if (e.outcome == redis::outcome::refused) return {};
    return e.message.empty() ? "it does not answer" : e.message;
}

std::string describe_server(const redis::options& o)
{
    std::string hosts;
    for (const auto& a : o.addresses) hosts += (hosts.empty() ? "" : ", ") + a.text();
    return hosts + " (" + std::string{mode_of(o)} + (o.tls.enabled ? ", TLS" : "") + ")";
}

watch::watch(larder::runtime& loops, const redis::options& o, std::string role)
    : loops_{loops},
      role_{std::move(role)},
      description_{describe_server(o)},
      database_{o.database},
      client_{loops.loop(0), watch_options(o)}
{}

asio::awaitable<status> watch::check(std::chrono::milliseconds limit)
{
    status found;
    const auto begin = std::chrono::steady_clock::now();
    auto what = check_commands();
    const auto replies = co_await client_.exec_each<std::string>(std::move(what), {limit});
    found.latency_ms = std::chrono::duration<double, std::milli>{std::chrono::steady_clock::now() - begin}.count();
    if (!replies) {
        found.problem = explain_problem(replies.error());
        if (found.problem.empty()) found.problem = replies.error().message;
    } else {
        const auto& written = (*replies)[0];
        const auto& info = (*replies)[1];
        found.answers = true;
        if (!written) found.problem = explain_problem(written.error());
        if (info) read_info(*info, database_, found);
    }
    note(found);
    co_return found;
}

void watch::note(const status& found)
{
    const std::lock_guard lock{mutex_};
    const bool first = !std::exchange(begun_, true);
    const bool changed = first || last_.problem != found.problem || last_.answers != found.answers;
    last_ = found;
    if (!changed || role_.empty()) return;
    if (found.is_healthy()) {
        log::info("Redis for {} at {} {}: version {}, {:.1f} ms", role_, description_,
                  first ? "answers" : "has recovered", found.version.value_or("unknown"), found.latency_ms);
    } else if (found.answers) {
        log::warn("Redis for {} at {} answers, but {}", role_, description_, found.problem);
    } else {
        log::warn("Redis for {} at {} does not answer: {}", role_, description_, found.problem);
    }
}

asio::awaitable<void> watch::begin() { co_await check(first_check_timeout); }

asio::awaitable<void> watch::run()
{
    auto next = std::chrono::steady_clock::now() + check_interval;
    while (!loops_.stopping()) {
        co_await larder::sleep_for(step);
        const auto now = std::chrono::steady_clock::now();
        const bool is_healthy = last().is_healthy();
        if (!is_healthy) next = std::min(next, now + failing_check_interval);
        if (now < next) continue;
        const auto found = co_await check(check_timeout);
        next = std::chrono::steady_clock::now() + (found.is_healthy() ? check_interval : failing_check_interval);
    }
}

asio::awaitable<status> watch::current()
{
    bool begun = false;
    status found;
    {
        const std::lock_guard lock{mutex_};
        begun = begun_;
        found = last_;
    }
    if (!begun || found.is_healthy()) found = co_await check(begun ? check_timeout : first_check_timeout);
    co_return found;
}

status watch::last() const
{
    const std::lock_guard lock{mutex_};
    return last_;
}

}  // namespace agora::redis_watch
