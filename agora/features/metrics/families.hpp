// SPDX-License-Identifier: MIT
// Metric families from figures. Private to this slice; names and units as Prometheus's own guide has them
// (https://prometheus.io/docs/practices/naming/).
#pragma once

#include <prometheus/metric_family.h>
#include <agora/http/route_figures.hpp>
#include <agora/http/router.hpp>
#include <larder/cache.hpp>
#include <larder/limit.hpp>

namespace agora::metrics {

using families = std::vector<prometheus::MetricFamily>;

void add_process(families& all);
void add_traffic(families& all, const http::router& routes, const http::traffic& t);
void add_limits(families& all, const larder::limiter& limits);
void add_cache(families& all, const larder::cache_stats& s);
/// `ping`: how long its answer took; none: there was none.
void add_redis(families& all, const larder::redis::client_state& s, std::optional<std::chrono::nanoseconds> ping);

}  // namespace agora::metrics
