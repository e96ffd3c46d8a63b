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
        .summary("Statistics of the regions, the memory and Redis");
    s.routes.post("/api/admin/cache/clear", &slice::clear, *this)
        .summary("Removes the entries of a region, of a tag, of a key pattern, or all entries")
        .fails(404, 422);
    s.routes.post("/api/admin/cache/warm", &slice::warm, *this)
        .summary("Loads popular responses that are not cached, in the background")
        .fails(404, 409, 422);
    s.routes.post("/api/admin/cache/refresh", &slice::refresh, *this)
        .summary("Like warm, and also reloads those with less than a quarter of their TTL left; readers see no gap")
        .fails(404, 409, 422);
    s.routes.get("/api/admin/cache/warm", &slice::warming, *this).summary("Progress of the last warm or refresh");
    s.routes.get("/api/admin/cache/keys", &slice::keys, *this).summary("Keys of cached entries").fails(404, 422);
    s.routes.get("/api/admin/cache/explain", &slice::explain, *this)
        .summary("Explains why a key is a hit or a miss")
        .fails(404, 422);
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
