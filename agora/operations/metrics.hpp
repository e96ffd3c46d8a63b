// SPDX-License-Identifier: MIT
// /metrics: metrics of the process, its routes, its cache and its Redis in Prometheus's text format. For the operator
// only; the scraper sends the service token. New routes and regions are included automatically.
#pragma once

#include <agora/http/route_metrics.hpp>
#include <agora/http/router.hpp>
#include <agora/operations/redis_watch.hpp>
#include <functional>
#include <larder/cache.hpp>
#include <larder/limit.hpp>

namespace agora::metrics {

class metrics_api {
 public:
    /// `traffic` may be empty when nothing is served. Requires: the references and what `redis` points to outlive this
    /// object.
    metrics_api(const http::router& routes, const larder::cache& cache, const larder::limiter& limits,
                redis_watch::server redis, std::function<http::traffic()> traffic)
        : routes_{routes}, cache_{cache}, limits_{limits}, redis_{redis}, traffic_{std::move(traffic)}
    {}

    http::asio::awaitable<http::response> text();

 private:
    const http::router& routes_;
    const larder::cache& cache_;
    const larder::limiter& limits_;
    redis_watch::server redis_;
    std::function<http::traffic()> traffic_;
};

void mount_metrics(http::router& routes, metrics_api& api);

}  // namespace agora::metrics
