// SPDX-License-Identifier: MIT
// Converts statistics into Prometheus metric families. Private to this slice. Names and units follow Prometheus's
// naming guide (https://prometheus.io/docs/practices/naming/).
#pragma once

#include <prometheus/metric_family.h>
#include <agora/http/route_metrics.hpp>
#include <agora/http/router.hpp>
#include <agora/operations/redis_watch.hpp>
#include <larder/cache/stats.hpp>
#include <larder/limit.hpp>

namespace agora::metrics {

using families = std::vector<prometheus::MetricFamily>;

void add_process(families& all);
void add_traffic(families& all, const http::router& routes, const http::traffic& t);
void add_limits(families& all, const larder::limiter& limits);
void add_cache(families& all, const larder::cache_stats& s);
void add_redis(families& all, const larder::redis::client_state& s, const redis_watch::status& seen);

}  // namespace agora::metrics
