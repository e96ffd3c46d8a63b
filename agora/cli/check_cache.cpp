// SPDX-License-Identifier: MIT
// The cache part of `agora redis check --cache`: cache_checker::run() takes two caches on one Redis through the
// operations that a deployment relies on, stops at the first failure, and removes the keys that it created.
#include <unistd.h>
#include <agora/cli/check_step.hpp>
#include <agora/features/posts/posts_cache.hpp>

#include <array>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <larder/cache/inspector.hpp>

namespace agora::cli {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using larder::cache_status;

constexpr larder::region<std::string(int, std::string)> texts{"agora:cache-check:{}:{}",
                                                              {.ttl = 60s, .tags = {"agora-check:{0}"}}};
constexpr larder::region<std::string(int)> brief{"agora:cache-check-brief:{}", {.ttl = 1s}};

/// Uses two caches that have only Redis in common, like two processes.
class cache_checker {
 public:
    cache_checker(larder::runtime& loops, larder::redis::client& redis, std::function<void(step)> on_step)
        : redis_{redis}, first_{loops, redis.settings()}, second_{loops, redis.settings()}, on_step_{std::move(on_step)}
    {}

    asio::awaitable<void> run()
    {
        auto existed_before = co_await existing_shared_keys();
        bool ok = report("keys",
                         posts::by_id(456).text() == "post:456" &&
                             posts::pages(api::skip{0}, api::limit{20}, {456}).text() == "posts:list:0:20:456",
                         {}, "the keys differ from the documented ones");
        if (ok) ok = co_await operations();
        if (ok) ok = co_await one_load();
        if (ok) ok = co_await tags();
        if (ok) ok = co_await expiry();
        if (ok) statistics();
        co_await first_.close();
        co_await second_.close();
        co_await clean_up(std::move(existed_before));
    }

 private:
    bool report(std::string name, bool good, std::optional<double> ms, std::string problem,
                std::optional<double> target = operation_target_ms)
    {
        if (!ms) target.reset();
        on_step_({std::move(name), good, ms, target, good ? "" : std::move(problem)});
        return good;
    }
    static double since(std::chrono::steady_clock::time_point t)
    {
        return std::chrono::duration<double, std::milli>{std::chrono::steady_clock::now() - t}.count();
    }
    /// Which of the keys that a cache creates for all its entries exist already. In a running deployment they must be
    /// kept.
    asio::awaitable<std::vector<bool>> existing_shared_keys()
    {
        larder::redis::request all;
        for (const auto* k : shared_keys) all.add("EXISTS", k);
        const auto found = co_await redis_.exec_each<bool>(std::move(all));
        std::vector<bool> out(shared_keys.size(), true);
        for (std::size_t i = 0; found && i < out.size(); ++i) out[i] = !(*found)[i] || *(*found)[i];
        co_return out;
    }
    asio::awaitable<void> clean_up(std::vector<bool> existed_before)
    {
        std::vector<std::string> left;
        for (const auto* name : {"value", "load"}) left.emplace_back(key(name).text());
        left.emplace_back(brief(::getpid()).text());
        left.push_back("larder:tag:agora-check:" + std::to_string(::getpid()));
        for (const larder::region_base* r : std::initializer_list<const larder::region_base*>{&texts, &brief})
            left.push_back("larder:tag:@" + std::string{r->pattern()});
        for (std::size_t i = 0; i < shared_keys.size(); ++i)
            if (!existed_before[i]) left.emplace_back(shared_keys[i]);
        larder::redis::request unlink{"UNLINK", left};
        co_await redis_.exec(std::move(unlink));
    }
    larder::key<std::string> key(const char* name) const { return texts(::getpid(), name); }

    asio::awaitable<bool> operations()
    {
        auto begin = std::chrono::steady_clock::now();
        const auto set = co_await first_.set(key("value"), std::string{"checked"});
        bool ok =
            report("set", set == larder::invalidation::confirmed, since(begin), "Redis did not confirm the write");
        if (!ok) co_return false;
        begin = std::chrono::steady_clock::now();
        const auto got = co_await second_.get(key("value"));
        ok = report("get", got && *got == "checked" && got.status() == cache_status::hit_shared, since(begin),
                    "a second cache on the same Redis does not find the value");
        if (!ok) co_return false;
        begin = std::chrono::steady_clock::now();
        const auto local = co_await second_.get(key("value"));
        ok = report("get (L1)", local.status() == cache_status::hit_local, since(begin),
                    "the value was not kept in memory", 1);
        if (!ok) co_return false;
        begin = std::chrono::steady_clock::now();
        co_await first_.remove(key("value"));
        const auto ms = since(begin);
        const auto gone = co_await first_.get(key("value"));
        co_return report("remove", !gone, ms, "the value is still there");
    }

    asio::awaitable<bool> one_load()
    {
        int loads = 0;
        std::atomic<int> done = 0;
        constexpr int callers = 50;
        const auto begin = std::chrono::steady_clock::now();
        for (int i = 0; i < callers; ++i) {
            auto read = [](larder::cache& c, larder::key<std::string> k, int& n,
                           std::atomic<int>& ended) -> asio::awaitable<void> {
                (void)co_await c.get_or_load(std::move(k), [&n] {
                    ++n;
                    return std::string{"loaded"};
                });
                ++ended;
            };
            asio::co_spawn(co_await asio::this_coro::executor,
                           read(i % 2 == 0 ? first_ : second_, key("load"), loads, done),
                           [](const std::exception_ptr& e) {
                               if (e) std::rethrow_exception(e);
                           });
        }
        while (done < callers) co_await larder::sleep_for(1ms);
        co_return report("50 gets", loads == 1, since(begin), std::to_string(loads) + " loads instead of one", 100);
    }

    asio::awaitable<bool> tags()
    {
        co_await first_.drain();
        const auto begin = std::chrono::steady_clock::now();
        co_await first_.invalidate(larder::tag{"agora-check:{}", ::getpid()});
        const auto ms = since(begin);
        const auto gone = co_await first_.get(key("load"));
        co_return report("tag", !gone, ms, "an invalidated entry was served");
    }

    asio::awaitable<bool> expiry()
    {
        co_await first_.set(brief(::getpid()), std::string{"brief"});
        const auto begin = std::chrono::steady_clock::now();
        auto got = co_await first_.get(brief(::getpid()));
        bool found = static_cast<bool>(got);
        while (found && since(begin) < 3000) {
            co_await larder::sleep_for(20ms);
            got = co_await first_.get(brief(::getpid()));
            found = static_cast<bool>(got);
        }
        const auto ms = since(begin);
        co_return report("expiry", !found && ms > 500, ms, "an entry with a TTL of one second did not expire in time",
                         1500);
    }

    void statistics()
    {
        std::uint64_t hits = 0;
        for (const auto& r : larder::cache_inspector{first_}.stats().regions)
            hits += r.hits_local + r.hits_shared + r.misses;
        report("stats", hits > 0, {}, "the cache counted nothing");
    }

    static constexpr std::array shared_keys{"larder:epoch", "larder:watermark", "larder:tag:@"};

    larder::redis::client& redis_;
    larder::cache first_;
    larder::cache second_;
    std::function<void(step)> on_step_;
};

}  // namespace

asio::awaitable<void> check_cache(larder::runtime& loops, larder::redis::client& redis,
                                  std::function<void(step)> on_step)
{
    cache_checker checker{loops, redis, std::move(on_step)};
    co_await checker.run();
}

}  // namespace agora::cli
