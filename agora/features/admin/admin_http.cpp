// SPDX-License-Identifier: MIT
#include <agora/features/admin/admin_http.hpp>
#include <agora/features/rest/answer.hpp>

namespace agora::admin {

namespace {

template <class T>
http::response answer(const http::request& r, const outcome<T>& done)
{
    return done ? rest::json_answer(200, *done) : http::problem(r, done.error());
}

}  // namespace

asio::awaitable<http::response> admin_api::stats()
{
    const auto report = co_await cache_.stats();
    co_return rest::json_answer(200, report);
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

void mount_admin(http::router& routes, admin_api& api)
{
    const auto documented = [](http::route& route, const char* summary) -> http::route& {
        return route.summary(summary).tagged("admin").admin_only();
    };
    documented(routes.get("/api/admin/cache/stats", &admin_api::stats, api), "What each region does")
        .returns<cache_report>(200);
    documented(routes.post("/api/admin/cache/clear", &admin_api::clear, api),
               "Empties a region, all that carries a tag, the keys of a pattern, or everything")
        .returns<clear_report>(200)
        .returns(404)
        .returns(422);
    documented(routes.get("/api/admin/cache/keys", &admin_api::keys, api), "Keys that the cache holds")
        .returns<key_list>(200)
        .returns(404)
        .returns(422);
    documented(routes.get("/api/admin/cache/explain", &admin_api::explain, api), "Why a key is a hit or a miss")
        .returns<larder::explanation>(200)
        .returns(404)
        .returns(422);
}

}  // namespace agora::admin
