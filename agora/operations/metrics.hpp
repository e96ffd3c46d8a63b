// SPDX-License-Identifier: MIT
// /metrics: metrics of the process, its routes, its cache and its Redis in Prometheus's text format. For the operator
// only; the scraper sends the service token. New routes and regions are included automatically.
#pragma once

#include <agora/http/route_metrics.hpp>
#include <agora/http/router.hpp>
#include <agora/operations/redis_watch.hpp>
#include <agora/services/services.hpp>
#include <functional>
#include <larder/cache.hpp>
#include <larder/limit.hpp>

namespace agora::metrics {

class slice {
 public:
    /// `traffic` may be empty when nothing is served. Requires: what `redis` points to outlives this object.
    slice(services& s, redis_watch::server redis, std::function<http::traffic()> traffic);

 private:
    http::asio::awaitable<http::response> text(http::admin);

    const http::router& routes_;
    const larder::cache& cache_;
    const larder::limiter& limits_;
    redis_watch::server redis_;
    std::function<http::traffic()> traffic_;
};

}  // namespace agora::metrics
