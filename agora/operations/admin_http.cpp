// SPDX-License-Identifier: MIT
// /api/admin/cache: the constructor lists the routes; each handler below it calls cache_admin or warm_job. Everything
// here is for admins, as the handlers' first parameter says.
#include <agora/operations/admin_http.hpp>

namespace agora::problems {

const problem_code already_running{"already_running", 409, "The cache is already being warmed.",
                                   "Read GET /api/admin/cache/warm until it has finished."};

}  // namespace agora::problems

namespace agora::admin {

slice::slice(services& s, const redis_watch::server& redis, warm_job& warming)
    : cache_{s.cache, redis}, warming_{warming}
{
    s.routes.section("admin");
    s.routes.get("/api/admin/cache/stats", &slice::stats, *this)
        .named("get_cache_stats", "Statistics of the cache")
        .describe("The counters of every region, and the state of the memory and of Redis.");
    s.routes.post("/api/admin/cache/clear", &slice::clear, *this)
        .named("clear_cache", "Remove entries of the cache")
        .describe("Removes the entries of a region, of a tag, of a pattern of keys, or all entries.")
        .fails(problems::not_found);
    s.routes.post("/api/admin/cache/warm", &slice::warm, *this)
        .named("warm_cache", "Warm the cache")
        .describe(
            "Loads popular responses that are not cached, in the background. `Location` has the path of the progress.")
        .fails(problems::not_found, problems::already_running);
    s.routes.post("/api/admin/cache/refresh", &slice::refresh, *this)
        .named("refresh_cache", "Refresh the cache")
        .describe(
            "Like warming, and also reloads the responses with less than a quarter of their TTL left, without a gap.")
        .fails(problems::not_found, problems::already_running);
    s.routes.get("/api/admin/cache/warm", &slice::warming, *this)
        .named("get_warming", "Progress of warming")
        .describe("The progress of the last warm or refresh in this process.");
    s.routes.get("/api/admin/cache/keys", &slice::keys, *this)
        .named("list_cache_keys", "Keys of the cache")
        .describe("The keys of cached entries, sorted.")
        .fails(problems::not_found);
    s.routes.get("/api/admin/cache/explain", &slice::explain, *this)
        .named("explain_cache_key", "Explain a key")
        .describe("Why a key is a hit or a miss: where it is, its age, and what makes it invalid.")
        .fails(problems::not_found);
}

asio::awaitable<outcome<cache_report>> slice::stats(http::admin) { co_return co_await cache_.stats(); }

asio::awaitable<outcome<clear_report>> slice::clear(http::admin, const http::body<clear_request>& order)
{
    return cache_.clear(*order);
}

asio::awaitable<outcome<key_list>> slice::keys(http::admin, const http::query<keys_query>& q)
{
    return cache_.keys(*q);
}

asio::awaitable<outcome<larder::explanation>> slice::explain(http::admin, const http::query<explain_query>& q)
{
    return cache_.explain(q->key.value_or(""));
}

outcome<http::accepted<warm_report>> slice::start(const warm_request& request, bool renew)
{
    auto order = cache_.plan_warming(request, renew);
    if (!order) return order.error();
    if (!warming_.start(*std::move(order)))
        return failure{problems::already_running,
                       "the cache is already being warmed; GET /api/admin/cache/warm shows the progress"};
    return http::accepted<warm_report>{"/api/admin/cache/warm", warming_.report()};
}

outcome<http::accepted<warm_report>> slice::warm(http::admin, const http::body<std::optional<warm_request>>& request)
{
    return start(request->value_or(warm_request{}), false);
}

outcome<http::accepted<warm_report>> slice::refresh(http::admin, const http::body<std::optional<warm_request>>& request)
{
    return start(request->value_or(warm_request{}), true);
}

outcome<warm_report> slice::warming(http::admin) { return warming_.report(); }

}  // namespace agora::admin
