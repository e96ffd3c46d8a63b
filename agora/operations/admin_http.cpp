// SPDX-License-Identifier: MIT
// The handlers and routes of /api/admin/cache. Each handler calls cache_admin or warm_job and converts the outcome into
// a response; mount_admin() at the end lists the routes.
#include <agora/api/answer.hpp>
#include <agora/operations/admin_http.hpp>

namespace agora::admin {

namespace {

template <class T>
http::response answer(const http::request& r, const outcome<T>& done)
{
    return done ? api::json_answer(200, *done) : http::problem(r, done.error());
}

}  // namespace

asio::awaitable<http::response> admin_api::stats()
{
    const auto report = co_await cache_.stats();
    co_return api::json_answer(200, report);
}

asio::awaitable<http::response> admin_api::clear(const http::request& r, const http::body<clear_order>& order)
{
    const auto done = co_await cache_.clear(*order);
    co_return answer(r, done);
}

asio::awaitable<http::response> admin_api::keys(const http::request& r, const http::query<keys_query>& q)
{
    const auto done = co_await cache_.keys(*q);
    co_return answer(r, done);
}

asio::awaitable<http::response> admin_api::explain(const http::request& r, const http::query<explain_query>& q)
{
    const auto done = co_await cache_.explain(q->key.value_or(""));
    co_return answer(r, done);
}

http::response admin_api::start(const http::request& r, const warm_wish& wish, bool renew)
{
    auto order = cache_.plan_warming(wish, renew);
    if (!order) return http::problem(r, order.error());
    if (!warming_.start(*std::move(order)))
        return http::problem(r, {failure_kind::conflict, "already_running",
                                 "the cache is already being warmed; GET /api/admin/cache/warm shows the progress"});
    http::response answer = api::json_answer(202, warming_.report());
    answer.headers.emplace_back("Location", "/api/admin/cache/warm");
    return answer;
}

http::response admin_api::warm(const http::request& r, const http::body<std::optional<warm_wish>>& wish)
{
    return start(r, wish->value_or(warm_wish{}), false);
}

http::response admin_api::refresh(const http::request& r, const http::body<std::optional<warm_wish>>& wish)
{
    return start(r, wish->value_or(warm_wish{}), true);
}

http::response admin_api::warming() { return api::json_answer(200, warming_.report()); }

void mount_admin(http::router& routes, admin_api& api)
{
    const auto documented = [](http::route& route, const char* summary) -> http::route& {
        return route.summary(summary).tagged("admin").needs(http::role::admin);
    };
    documented(routes.get("/api/admin/cache/stats", &admin_api::stats, api),
               "Statistics of the regions, the memory and Redis")
        .returns<cache_report>(200);
    documented(routes.post("/api/admin/cache/clear", &admin_api::clear, api),
               "Removes the entries of a region, of a tag, of a key pattern, or all entries")
        .returns<clear_report>(200)
        .returns(404)
        .returns(422);
    const auto warming = [&](http::route& route, const char* summary) {
        documented(route, summary).returns<warm_report>(202).returns(404).returns(409).returns(422);
    };
    warming(routes.post("/api/admin/cache/warm", &admin_api::warm, api),
            "Loads popular responses that are not cached, in the background");
    warming(routes.post("/api/admin/cache/refresh", &admin_api::refresh, api),
            "Like warm, and also reloads those with less than a quarter of their TTL left; readers see no gap");
    documented(routes.get("/api/admin/cache/warm", &admin_api::warming, api), "Progress of the last warm or refresh")
        .returns<warm_report>(200);
    documented(routes.get("/api/admin/cache/keys", &admin_api::keys, api), "Keys of cached entries")
        .returns<key_list>(200)
        .returns(404)
        .returns(422);
    documented(routes.get("/api/admin/cache/explain", &admin_api::explain, api),
               "Explains why a key is a hit or a miss")
        .returns<larder::explanation>(200)
        .returns(404)
        .returns(422);
}

}  // namespace agora::admin
