// SPDX-License-Identifier: MIT
// The handler of /metrics; families.cpp fills the metric families.
#include <prometheus/text_serializer.h>
#include <agora/operations/families.hpp>
#include <agora/operations/metrics.hpp>

namespace agora::metrics {

http::asio::awaitable<http::response> metrics_api::text()
{
    families all;
    add_process(all);
    if (traffic_) add_traffic(all, routes_, traffic_());
    add_cache(all, cache_.stats());
    add_limits(all, limits_);
    if (redis_.client != nullptr) {
        const auto state = co_await redis_.client->state();
        add_redis(all, state, redis_.seen != nullptr ? redis_.seen->last() : redis_watch::status{});
    }
    co_return http::response{200, "text/plain; version=0.0.4; charset=utf-8",
                             prometheus::TextSerializer{}.Serialize(all)};
}

void mount_metrics(http::router& routes, metrics_api& api)
{
    routes.get("/metrics", &metrics_api::text, api)
        .summary("Metrics of the process, its routes, cache and Redis, for Prometheus")
        .tagged("health")
        .needs(http::role::admin)
        .returns_text(200);
}

}  // namespace agora::metrics
