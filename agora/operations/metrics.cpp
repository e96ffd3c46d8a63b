// SPDX-License-Identifier: MIT
// The route and handler of /metrics; families.cpp fills the metric families.
#include <prometheus/text_serializer.h>
#include <agora/operations/families.hpp>
#include <agora/operations/metrics.hpp>
#include <larder/cache/inspector.hpp>

namespace agora::metrics {

slice::slice(services& s, redis_watch::server redis, std::function<http::traffic()> traffic)
    : routes_{s.routes}, cache_{s.cache}, limits_{s.limits}, redis_{redis}, traffic_{std::move(traffic)}
{
    s.routes.section("health");
    s.routes.get("/metrics", &slice::text, *this)
        .returns_text(200)
        .named("get_metrics", "Metrics")
        .describe("Metrics of the process, its routes, its cache and its Redis, in the text format of Prometheus.");
}

http::asio::awaitable<http::response> slice::text(http::admin)
{
    families all;
    add_process(all);
    if (traffic_) add_traffic(all, routes_, traffic_());
    add_cache(all, larder::cache_inspector{cache_}.stats());
    add_limits(all, limits_);
    if (redis_.client != nullptr) {
        const auto state = co_await redis_.client->state();
        add_redis(all, state, redis_.watcher != nullptr ? redis_.watcher->last() : redis_watch::status{});
    }
    co_return http::response{200, "text/plain; version=0.0.4; charset=utf-8",
                             prometheus::TextSerializer{}.Serialize(all)};
}

}  // namespace agora::metrics
