// SPDX-License-Identifier: MIT
// The example endpoints for the cache and the rate limiter; the constructor lists the routes. The computation
// is deliberately slow: /api/cached-data shows what the cache saves.
#include <agora/api/keys.hpp>
#include <agora/demo/demo_http.hpp>
#include <ctime>
#include <larder/cache/inspector.hpp>
#include <larder/timeout.hpp>

namespace agora::demo {
namespace {

using namespace std::chrono_literals;

// The load is deliberately slow, so it has a concurrency limit of its own and cannot block other loads.
constexpr api::response_region<std::string> computed{"cache:get_cached_data:{}", {.ttl = 60s, .load = {.at_once = 32}}};
/// The number of computed entries. Its TTL is only 1 ms: the region exists for its single flight, because counting
/// scans every key in Redis, and any client may request it.
constexpr larder::region<std::uint64_t()> number_computed{"cache:number_of_cached_data", {.ttl = 1ms}};

/// The message published on the channel cache_events.
struct cache_event {
    std::string action = "invalidate";
    std::optional<std::string> user_id;
    double timestamp = 0;
};
BOOST_DESCRIBE_STRUCT(cache_event, (), (action, user_id, timestamp))

std::string user_of(const std::optional<std::string>& user_id)
{
    return user_id && !user_id->empty() ? *user_id : "anonymous";
}

std::optional<http::response_key> key_of(http::anyone, const http::query<cached_data_query>& q)
{
    return computed(user_of(q->user_id));
}

/// A response that no cache stores, so that every request is counted.
http::response page_of(const limited_page& page) { return {200, http::json_type, larder::json::to_string(page)}; }

double seconds_since_1970()
{
    return static_cast<double>(larder::system_clock().wall().time_since_epoch().count()) / 1000;
}

}  // namespace

slice::slice(services& s, larder::redis::client* redis) : cache_{s.cache}, redis_{redis}
{
    auto& five = s.limits.limit({.name = "rate_limited", .quota = 5, .window = 60s});
    auto& two = s.limits.limit({.name = "slow_limited", .quota = 2, .window = 300s});
    s.cache.declare(computed);
    s.routes.section("demo");
    s.routes.get("/api/rate-limited", &slice::limited, *this)
        .limit(five, http::limited_by::address)
        .returns<limited_page>(200)
        .named("get_rate_limited", "Five requests a minute")
        .describe("A route to try rate limits with. A refused request does not extend the wait.");
    s.routes.get("/api/slow-limited", &slice::slow_limited, *this)
        .limit(two, http::limited_by::address)
        .returns<limited_page>(200)
        .named("get_slow_limited", "Two requests in five minutes")
        .describe("A route to try rate limits with.");
    s.routes.get("/api/cached-data", &slice::compute, *this)
        .cached(s.cache, &key_of)
        .named("get_cached_data", "A cached computation")
        .describe("Takes 2 seconds, and is then cached for 60 seconds for each `user_id`.");
    s.routes.post("/api/invalidate-cache", &slice::invalidate, *this)
        .named("invalidate_cached_data", "Drop the cached computation")
        .describe("Removes the cached results for one `user_id`, or for all.");
}

asio::awaitable<outcome<cached_data>> slice::compute(http::anyone, const http::query<cached_data_query>& q)
{
    co_await larder::sleep_for(2s);
    cached_data d;
    d.user_id = user_of(q->user_id);
    d.timestamp = seconds_since_1970();
    d.message = "This response is cached for 60 seconds for user " + d.user_id;
    const auto t = static_cast<std::time_t>(d.timestamp);
    std::tm parts{};
    gmtime_r(&t, &parts);
    char text[32];
    d.computed_at.assign(text, std::strftime(text, sizeof text, "%a %b %e %H:%M:%S %Y", &parts));
    co_return d;
}

asio::awaitable<std::uint64_t> slice::count_all()
{
    const auto n = co_await cache_.get_or_load(number_computed(), [this]() -> asio::awaitable<std::uint64_t> {
        const auto keys = co_await larder::cache_inspector{cache_}.keys(computed, "", 100'000);
        co_return keys.size();
    });
    co_return *n;
}

/// Publishes the event. Delivery is at most once, as with every PUBLISH, and the response does not depend on it.
asio::awaitable<void> slice::publish_event(const std::optional<std::string>& user_id)
{
    if (redis_ == nullptr) co_return;
    cache_event e;
    e.user_id = user_id;
    e.timestamp = seconds_since_1970();
    co_await redis_->exec(larder::redis::request{"PUBLISH", "cache_events", larder::json::to_string(e)}, {200ms});
}

asio::awaitable<outcome<invalidation_report>> slice::invalidate(
    http::anyone, const http::body<std::optional<invalidation_order>>& order)
{
    std::optional<std::string> user_id;
    if (*order && (*order)->user_id) user_id = (*order)->user_id->text;
    invalidation_report report;
    if (user_id) {
        const auto k = computed(user_of(user_id));
        const auto there = co_await cache_.get(k);
        report.invalidated = there ? 1 : 0;
        co_await cache_.invalidate(k);
        report.message = "Cache invalidated for user " + *user_id;
    } else {
        report.invalidated = co_await count_all();
        co_await cache_.invalidate(computed);
        report.message = "All cache entries invalidated";
    }
    co_await publish_event(user_id);
    co_return report;
}

http::response slice::limited(http::anyone)
{
    return page_of({"This endpoint is rate limited to 5 requests per minute", seconds_since_1970()});
}

http::response slice::slow_limited(http::anyone)
{
    return page_of({"This is a slow endpoint limited to 2 requests per 5 minutes", seconds_since_1970()});
}

}  // namespace agora::demo
