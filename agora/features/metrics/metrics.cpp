// SPDX-License-Identifier: MIT
#include <prometheus/text_serializer.h>
#include <agora/features/metrics/families.hpp>
#include <agora/features/metrics/metrics.hpp>

namespace agora::metrics {

http::asio::awaitable<http::response> metrics_api::text()
{
    families all;
    add_process(all);
    if (traffic_) add_traffic(all, routes_, traffic_());
    add_cache(all, cache_.stats());
    add_limits(all, limits_);
    if (redis_ != nullptr) {
        const auto begin = std::chrono::steady_clock::now();
        const auto pong = co_await redis_->exec(larder::redis::request{"PING"}, {std::chrono::seconds{1}});
        std::optional<std::chrono::nanoseconds> took;
        if (pong) took = std::chrono::steady_clock::now() - begin;
        const auto state = co_await redis_->state();
        add_redis(all, state, took);
    }
    co_return http::response{200, "text/plain; version=0.0.4; charset=utf-8",
                             prometheus::TextSerializer{}.Serialize(all)};
}

void mount_metrics(http::router& routes, metrics_api& api)
{
    routes.get("/metrics", &metrics_api::text, api)
        .summary("Figures of the process, its routes, cache and Redis, for Prometheus")
        .tagged("health")
        .needs(http::role::admin)
        .returns_text(200);
}

}  // namespace agora::metrics
