// SPDX-License-Identifier: MIT
// `agora cache info|clear|warm|keys|explain`: inspects and changes the cache of the deployment through its Redis. Start
// at run_cache(), which opens what a command needs; class cache_commands has one function per command. Only `warm` uses
// the database.
#include <fmt/format.h>
#include <agora/application/application.hpp>
#include <agora/application/open_database.hpp>
#include <agora/application/open_redis.hpp>
#include <agora/cli/cli.hpp>
#include <agora/cli/no_database.hpp>

#include <unistd.h>
#include <cstdio>
#include <larder/cache/inspector.hpp>

namespace agora::cli {
namespace {

namespace asio = boost::asio;

struct region_entries {
    std::string region;
    std::uint64_t entries = 0;
};
BOOST_DESCRIBE_STRUCT(region_entries, (), (region, entries))

struct cache_info {
    admin::redis_stats redis;
    std::vector<region_entries> regions;
};
BOOST_DESCRIBE_STRUCT(cache_info, (), (redis, regions))

class cache_commands {
 public:
    cache_commands(const http::router& routes, larder::cache& cache, const redis_watch::server& redis,
                   const cache_command& what)
        : routes_{routes}, cache_{cache}, redis_{*redis.client}, what_{what}, admin_{cache, redis}
    {}

    asio::awaitable<void> run()
    {
        const auto connected = co_await redis_.connect();
        if (!connected) {
            fmt::print(stderr, "agora: Redis: {}; run `agora redis check` for details\n", connected.error().message);
            co_return;
        }
        switch (what_.action) {
            case cache_action::info:
                co_await info();
                break;
            case cache_action::clear:
                co_await clear();
                break;
            case cache_action::warm:
                co_await warm();
                break;
            case cache_action::keys:
                co_await keys();
                break;
            case cache_action::explain:
                co_await explain();
                break;
        }
        const auto left = co_await cache_.close();
        if (left.none()) co_return;
        fmt::print(stderr, "agora: Redis did not answer in {} s; not completed: {} invalidations, {} writes to Redis\n",
                   larder::cache::default_limit.count(), left.invalidations, left.background);
        exit_code_ = 1;
    }
    int exit_code() const noexcept { return exit_code_; }

 private:
    /// Prints the value, as JSON or with `print`; or prints the failure.
    template <class T, class Print>
    void show(const outcome<T>& done, Print print)
    {
        if (!done) {
            std::string why = done.error().detail;
            for (const auto& f : done.error().fields) why += fmt::format("; {}: {}", f.field, f.message);
            fmt::print(stderr, "agora: {}\n", why);
            return;
        }
        exit_code_ = 0;
        if (what_.as_json) {
            fmt::print("{}\n", larder::json::to_string(*done));
        } else {
            print(*done);
        }
    }

    asio::awaitable<void> info()
    {
        const auto report = co_await admin_.stats();
        cache_info i;
        i.redis = report.redis.value();
        const larder::cache_inspector inside{cache_};
        for (const auto* r : inside.regions()) {
            const auto found = co_await inside.keys(*r, "", 1'000'000);
            i.regions.push_back({std::string{r->pattern()}, found.size()});
        }
        const outcome<cache_info> done{std::move(i)};
        show(done, [](const cache_info& shown) {
            const auto rate = shown.redis.hit_rate_percent;
            fmt::print("Redis: {} keys, {:.1f} MiB, {} operations a second, hit rate {}\n",
                       shown.redis.keys.value_or(0), static_cast<double>(shown.redis.used_memory.value_or(0)) / 1048576,
                       shown.redis.operations_per_second.value_or(0),
                       rate ? fmt::format("{:.1f} %", *rate) : "not known yet");
            if (shown.redis.problem) fmt::print("{}\n", *shown.redis.problem);
            fmt::print("\n");
            fmt::print("{:>8}  {}\n", "entries", "region");
            for (const auto& r : shown.regions) fmt::print("{:>8}  {}\n", r.entries, r.region);
            fmt::print(
                "\nEach server counts its own hits and misses: see GET /api/admin/cache/stats and /health/cache.\n");
        });
    }

    asio::awaitable<void> clear()
    {
        const auto done = co_await admin_.clear(what_.clear);
        show(done, [this](const admin::clear_report& r) {
            const bool dry = what_.clear.dry_run.value_or(false);
            fmt::print("{} {}{} {}{}\n", dry ? "would clear" : "cleared", r.cleared_is_capped ? "at least " : "",
                       r.cleared, r.cleared == 1 ? "entry" : "entries", r.confirmed ? "" : ", not confirmed by Redis");
            if (!dry) fmt::print("Servers drop the copies in their memory within 3 s.\n");
        });
        if (done && !done->confirmed) exit_code_ = 1;
    }

    asio::awaitable<void> warm()
    {
        auto planned = admin_.plan_warming(what_.warm, what_.renew);
        if (!planned) {
            show(outcome<admin::warm_report>{planned.error()}, [](const auto&) {});
            co_return;
        }
        const bool terminal = ::isatty(STDERR_FILENO) == 1;
        const std::function<bool(const http::warm_progress&)> go_on = [&](const http::warm_progress& p) {
            if (terminal)
                fmt::print(stderr, "\r{} of {} responses{}", p.done(), p.total, p.done() == p.total ? "\n" : "");
            return true;
        };
        const auto began = std::chrono::steady_clock::now();
        const auto p = co_await http::warm(routes_, *std::move(planned), go_on);
        admin::warm_report r{"done", p.total, p.done(), p.loaded, p.fresh, p.failed, 0};
        r.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
        show(outcome<admin::warm_report>{r}, [](const admin::warm_report& shown) {
            fmt::print("loaded {} responses in {:.1f} s; {} were already cached, {} failed\n", shown.loaded,
                       shown.seconds, shown.fresh, shown.failed);
        });
        if (p.failed > 0) exit_code_ = 1;
    }

    asio::awaitable<void> keys()
    {
        const auto done = co_await admin_.keys(what_.keys);
        show(done, [](const admin::key_list& l) {
            for (const auto& k : l.keys) fmt::print("{}\n", k);
        });
    }

    asio::awaitable<void> explain()
    {
        const auto done = co_await admin_.explain(what_.key);
        show(done, [](const larder::explanation& e) {
            fmt::print("{}\n  region   {}\n  Redis    {}, TTL {} ms\n", e.verdict, e.region, e.shared, e.shared_ttl_ms);
            if (e.lease_ms > 0) fmt::print("  loading  for at most {} ms more\n", e.lease_ms);
            for (const auto& t : e.invalid_tags) fmt::print("  invalid  by tag {}\n", t);
        });
    }

    const http::router& routes_;
    larder::cache& cache_;
    larder::redis::client& redis_;
    const cache_command& what_;
    admin::cache_admin admin_;
    int exit_code_ = 1;
};

asio::awaitable<void> relay_once(storage::outbox& outbox) { co_await outbox.relay(); }

}  // namespace

int run_cache(application::config c, const cache_command& what)
{
    if (!c.redis || c.env == application::environment::testing)
        throw application::config_error{
            "REDIS_URL is not set, so the cache is in the server's memory; use GET /api/admin/cache/stats"};
    larder::runtime runtime{{.loops = 1}};
    const auto redis = application::open_redis(c, runtime);
    const auto cache = application::open_cache(c, runtime, redis.get());
    std::unique_ptr<storage::database> db = std::make_unique<no_database>();
    application::application_options options;
    options.redis = redis.get();
    if (what.action == cache_action::warm) {
        db = application::open_database(c, runtime);
        application::ensure_secret_key(c);
        options.secret_key = c.secret_key.reveal();  // reveal(): signs the cursors in the cached responses
    }
    application::application app{*db, *cache, std::move(options)};  // constructing it declares the regions
    // Entries in Redis count as cached only after a relay has confirmed that all invalidations are applied.
    if (what.action == cache_action::warm) runtime.run_until_done(relay_once(app.outbox()));
    const auto seen = application::open_watch(c.redis, runtime, "");
    cache_commands commands{app.routes(), *cache, {redis.get(), seen.get()}, what};
    runtime.run_until_done(commands.run());
    db->close();
    return commands.exit_code();
}

}  // namespace agora::cli
