// SPDX-License-Identifier: MIT
// `agora redis check`: connects, identifies the server, writes, reads and deletes a key, and compares the times with
// the targets that the requirements set: connecting within 2 s, each operation within 10 ms. Start at
// run_redis_check().
#include <fmt/format.h>
#include <unistd.h>
#include <agora/cli/check_step.hpp>
#include <agora/cli/cli.hpp>
#include <larder/json.hpp>
#include <larder/redis/client.hpp>

namespace agora::cli {
namespace {

namespace asio = boost::asio;
namespace redis = larder::redis;

constexpr double connect_target_ms = 2000;

struct redis_report {
    std::string url;
    std::vector<step> steps;
    bool ok = false;
    bool targets_met = false;
    std::string next_step;
};
BOOST_DESCRIBE_STRUCT(redis_report, (), (url, steps, ok, targets_met, next_step))

/// The next step for an operator, derived from the error's message and code.
std::string advice(const redis::options& o, const redis::error& e)
{
    const auto has = [&](std::string_view words) { return e.message.find(words) != std::string::npos; };
    if (has("WRONGPASS") || has("NOAUTH") || has("invalid password"))
        return "check user and password; a password with special characters must be percent-encoded in the URL";
    if (has("certificate"))
        return "name the authority's certificate with ?ca=FILE, or use the name that the certificate has";
    if (has("DB index")) return "use a database number below the server's `databases` setting";
    if (has("NOPERM")) return "allow the ACL user to run the command named in the error";
    if (has("refused")) return "is Redis running there, and is the port right?";
    if (has("Host not found") || has("the name ")) return "check the host's name";
    if (has("Sentinel")) return "check the Sentinels' addresses and the master's name";
    if (e.code == larder::errc::timed_out)
        return o.tls.enabled ? "a firewall, or a server without TLS: try redis://"
                             : "a firewall, or a server that requires TLS: try rediss://";
    if (has("LOADING")) return "wait until Redis has loaded its data";
    if (has("READONLY")) return "this is a replica: name the master, or use redis-sentinel://";
    return "see the server's log";
}

double ms_since(std::chrono::steady_clock::time_point t)
{
    return std::chrono::duration<double, std::milli>{std::chrono::steady_clock::now() - t}.count();
}

class checker {
 public:
    checker(redis::client& c, redis_report& r) : redis_{c}, report_{r} {}

    asio::awaitable<void> run()
    {
        const bool connected = co_await connect();
        if (!connected) co_return;
        const auto server = co_await redis_.state();
        report_.steps.push_back({"server", true, {}, {}, describe(server)});
        const auto key = fmt::format("agora:redis-check:{}:{}", ::getpid(),
                                     std::chrono::steady_clock::now().time_since_epoch().count());
        const std::string value = "checked by agora";
        const bool set = co_await run_step("SET", redis::request{"SET", key, value, "EX", 60}, operation_target_ms, {});
        const bool got = set && co_await run_step("GET", redis::request{"GET", key}, operation_target_ms, value);
        redis::request drop{"DEL", key};
        if (got) {
            co_await run_step("DELETE", std::move(drop), operation_target_ms, "1");
        } else {
            co_await redis_.exec(std::move(drop), {std::chrono::seconds{1}});
        }
    }

 private:
    /// Repeats until it is connected, an attempt fails for a known reason, or the time is over.
    asio::awaitable<bool> connect()
    {
        step s{"connect", false, {}, connect_target_ms, {}};
        const auto begin = std::chrono::steady_clock::now();
        while (!s.ok && ms_since(begin) < connect_target_ms + operation_target_ms) {
            const auto pong = co_await redis_.exec<void>(redis::request{"PING"}, {std::chrono::milliseconds{200}});
            const auto state = co_await redis_.state();
            s.ok = pong.has_value();
            if (s.ok) break;
            s.detail = pong.error().message;
            report_.next_step = advice(redis_.settings(), pong.error());
            if (state.failure.code) break;
        }
        s.ms = ms_since(begin);
        if (s.ok) s.detail = {};
        if (s.ok) report_.next_step = {};
        report_.steps.push_back(s);
        co_return s.ok;
    }

    /// Runs one command. Returns false when it fails or its reply differs from `expected` (empty: any reply is
    /// accepted).
    asio::awaitable<bool> run_step(std::string name, redis::request r, double target, std::string expected)
    {
        const auto begin = std::chrono::steady_clock::now();
        const auto answer = co_await redis_.exec<std::string>(std::move(r), {std::chrono::seconds{3}});
        step s{std::move(name), false, ms_since(begin), target, ""};
        if (!answer) {
            s.detail = answer.error().message;
            report_.next_step = advice(redis_.settings(), answer.error());
        } else if (!expected.empty() && *answer != expected) {
            s.detail = "a different value came back: \"" + *answer + "\"";
            report_.next_step = "does something between here and Redis change values?";
        } else {
            s.ok = true;
        }
        const bool ok = s.ok;
        report_.steps.push_back(std::move(s));
        co_return ok;
    }

    static std::string describe(const redis::client_state& s)
    {
        auto text = fmt::format("{}{}", s.server, s.version.empty() ? "" : ", Redis " + s.version);
        text += s.resp3 ? ", RESP3" : ", RESP2";
        return text + (s.tls.empty() ? ", no TLS" : ", " + s.tls);
    }

    redis::client& redis_;
    redis_report& report_;
};

bool all_ok(const redis_report& r)
{
    return std::all_of(r.steps.begin(), r.steps.end(), [](const step& s) { return s.ok; });
}

void print(const redis_report& r)
{
    fmt::print("{}\n\n", r.url);
    for (const auto& s : r.steps) {
        fmt::print("  {} {:8}", s.ok ? "ok  " : "FAIL", s.name);
        if (s.ms) fmt::print(" {:9.2f} ms", *s.ms);
        if (s.ok && s.ms && s.target_ms && *s.ms > *s.target_ms) fmt::print("  (target: {:.0f} ms)", *s.target_ms);
        fmt::print("{}{}\n", s.detail.empty() ? "" : "  ", s.detail);
    }
    fmt::print("\n{}\n", !r.ok           ? "Redis cannot be used."
                         : r.targets_met ? "All targets are met."
                                         : "Redis works, but slower than the targets.");
    if (!r.next_step.empty()) fmt::print("next: {}\n", r.next_step);
}

}  // namespace

int run_redis_check(const application::config& c, const std::string& url, bool with_cache, bool as_json)
{
    auto options = c.redis;
    if (!url.empty()) {
        auto parsed = redis::parse_url(url);
        if (!parsed) throw application::config_error{"the URL: " + parsed.error().message};
        options = *std::move(parsed);
    }
    if (!options)
        throw application::config_error{
            "REDIS_URL is not set; set it, or give a URL: agora redis check redis://localhost:6379/0"};
    redis_report r;
    r.url = redis::redacted(*options);
    larder::runtime runtime{{.loops = 1}};
    try {
        redis::client client{runtime, *options};
        checker steps{client, r};
        runtime.run_until_done(steps.run());
        if (with_cache && all_ok(r))
            runtime.run_until_done(check_cache(runtime, client, [&](step s) { r.steps.push_back(std::move(s)); }));
    } catch (const boost::system::system_error& e) {
        throw application::config_error{redis::message_of(e)};
    }
    r.ok = all_ok(r);
    r.targets_met = r.ok && std::all_of(r.steps.begin(), r.steps.end(),
                                        [](const step& s) { return !s.ms || *s.ms <= *s.target_ms; });
    if (r.ok && !r.targets_met)
        r.next_step = "is the server far away or busy? Run it again; the first connection costs more";
    if (as_json) {
        fmt::print("{}\n", larder::json::to_string(r));
    } else {
        print(r);
    }
    return r.targets_met ? 0 : 1;
}

}  // namespace agora::cli
