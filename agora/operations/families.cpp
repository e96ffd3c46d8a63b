// SPDX-License-Identifier: MIT
// Fills the metric families: one add_...() function per group. The help texts here are what /metrics shows. A reference
// that add() returns is valid only until the next add(), unless `all` has reserved capacity.
#include <sys/resource.h>
#include <unistd.h>
#include <agora/operations/families.hpp>
#include <agora/version.hpp>
#include <filesystem>
#include <fstream>

namespace agora::metrics {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricType;
using label = ClientMetric::Label;

double seconds(std::chrono::nanoseconds d) { return std::chrono::duration<double>(d).count(); }

prometheus::MetricFamily& add(families& all, MetricType type, const char* name, const char* help)
{
    auto& f = all.emplace_back();
    f.name = name;
    f.help = help;
    f.type = type;
    return f;
}

void sample(prometheus::MetricFamily& f, std::vector<label> labels, double value)
{
    auto& m = f.metric.emplace_back();
    m.label = std::move(labels);
    m.counter.value = m.gauge.value = value;
}

template <class N>
void gauge(families& all, const char* name, const char* help, N value)
{
    sample(add(all, MetricType::Gauge, name, help), {}, static_cast<double>(value));
}

template <class N>
void counter(families& all, const char* name, const char* help, N value)
{
    sample(add(all, MetricType::Counter, name, help), {}, static_cast<double>(value));
}

/// Adds one counter with a sample for each region.
void add_region_counter(families& all, const larder::cache_stats& s, const char* name, const char* help,
                        std::uint64_t larder::region_stats::* member)
{
    auto& f = add(all, MetricType::Counter, name, help);
    for (const auto& r : s.regions) sample(f, {{"region", r.region}}, static_cast<double>(r.*member));
}

constexpr std::array<const char*, 5> removal_causes{"evicted", "expired", "replaced", "removed", "cleared"};

std::string method_of(const http::route& r) { return std::string{http::to_string(r.method)}; }

}  // namespace

void add_process(families& all)
{
    sample(add(all, MetricType::Gauge, "agora_build_info", "Always 1; the label is the program's version."),
           {{"version", std::string{agora::version}}}, 1);
    ::rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto us = [](const ::timeval& t) {
        return std::chrono::seconds{t.tv_sec} + std::chrono::microseconds{t.tv_usec};
    };
    counter(all, "process_cpu_seconds_total", "User and system CPU time.",
            seconds(us(used.ru_utime) + us(used.ru_stime)));
    std::uint64_t pages = 0;
    std::uint64_t resident = 0;
    std::ifstream{"/proc/self/statm"} >> pages >> resident;
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    gauge(all, "process_virtual_memory_bytes", "Virtual memory.", pages * page);
    gauge(all, "process_resident_memory_bytes", "Resident memory.", resident * page);
    std::error_code ignored;
    const std::filesystem::directory_iterator open{"/proc/self/fd", ignored};
    gauge(all, "process_open_fds", "Open file descriptors.", std::distance(begin(open), end(open)));
    ::rlimit most{};
    ::getrlimit(RLIMIT_NOFILE, &most);
    gauge(all, "process_max_fds", "Maximum number of open file descriptors.", most.rlim_cur);
}

void add_traffic(families& all, const http::router& routes, const http::traffic& t)
{
    gauge(all, "agora_http_connections", "Open connections.", t.connections);
    counter(all, "agora_log_lines_dropped_total", "Log lines that could not be written.", t.log_lines_dropped);
    // `all` must not reallocate while these two families are filled.
    all.reserve(all.size() + 2);
    auto& requests = add(all, MetricType::Counter, "agora_http_requests_total", "Responses by route and status class.");
    auto& durations = add(all, MetricType::Histogram, "agora_http_request_duration_seconds",
                          "Time from a request's last byte to its response, by route.");
    for (std::size_t i = 0; i < t.routes.size(); ++i) {
        const bool known = i < routes.routes().size();
        std::vector<label> labels{{"method", known ? method_of(*routes.routes()[i]) : "none"},
                                  {"route", known ? routes.routes()[i]->pattern : "none"}};
        const auto& totals = t.routes[i];
        auto& h = durations.metric.emplace_back();
        h.label = labels;
        labels.push_back({"status", ""});
        for (std::size_t c = 0; c < http::status_classes; ++c) {
            labels.back().value = std::to_string(c + 1) + "xx";
            if (totals.classes[c] > 0) sample(requests, labels, static_cast<double>(totals.classes[c]));
        }
        for (std::size_t s = 0; s < http::duration_steps; ++s) {
            h.histogram.sample_count += totals.steps[s];
            const bool last = s + 1 == http::duration_steps;
            h.histogram.bucket.push_back({h.histogram.sample_count, last ? std::numeric_limits<double>::infinity()
                                                                         : seconds(http::duration_limit(s))});
        }
        h.histogram.sample_sum = seconds(std::chrono::nanoseconds{totals.nanoseconds});
    }
}

void add_cache(families& all, const larder::cache_stats& s)
{
    using r = larder::region_stats;
    auto& hits = add(all, MetricType::Counter, "larder_cache_hits_total", "Reads served from the cache, by level.");
    for (const auto& in : s.regions) {
        sample(hits, {{"region", in.region}, {"level", "l1"}}, static_cast<double>(in.hits_local));
        sample(hits, {{"region", in.region}, {"level", "l2"}}, static_cast<double>(in.hits_shared));
    }
    add_region_counter(all, s, "larder_cache_misses_total", "Reads that waited for a load.", &r::misses);
    add_region_counter(all, s, "larder_cache_stale_served_total", "Reads served with a value past its TTL.", &r::stale);
    add_region_counter(all, s, "larder_cache_negative_hits_total",
                       "Hits on entries that record the absence of a value.", &r::negative);
    add_region_counter(all, s, "larder_cache_coalesced_total", "Reads that joined the load of another read.",
                       &r::coalesced);
    add_region_counter(all, s, "larder_cache_load_failures_total", "Loads that failed or timed out.",
                       &r::load_failures);
    add_region_counter(all, s, "larder_cache_refused_fills_total",
                       "Loaded values not stored, because invalidated meanwhile.", &r::refused);
    add_region_counter(all, s, "larder_cache_corrupt_entries_total", "Values in Redis that are not valid entries.",
                       &r::corrupt);
    add_region_counter(all, s, "larder_cache_oversized_values_total", "Values served, but too large to be stored.",
                       &r::oversized);
    add_region_counter(all, s, "larder_cache_redis_failures_total", "Operations on Redis that failed.",
                       &r::redis_failures);
    auto& loads = add(all, MetricType::Summary, "larder_cache_load_duration_seconds", "Duration of loads.");
    for (const auto& in : s.regions) {
        auto& m = loads.metric.emplace_back();
        m.label = {{"region", in.region}};
        m.summary.sample_count = in.loads;
        m.summary.sample_sum = in.load_seconds;
        m.summary.quantile = {{0.5, in.load_p50_ms / 1000}, {0.99, in.load_p99_ms / 1000}};
    }
    gauge(all, "larder_local_cache_entries", "Entries in L1.", s.local.entries);
    gauge(all, "larder_local_cache_bytes", "Size of the entries in L1.", s.local.bytes);
    auto& removed =
        add(all, MetricType::Counter, "larder_local_cache_removals_total", "Entries removed from L1, by cause.");
    for (std::size_t i = 0; i < std::size(s.local.removals); ++i)
        sample(removed, {{"cause", removal_causes[i]}}, static_cast<double>(s.local.removals[i]));
    gauge(all, "larder_cache_tracked", "1 while Redis pushes invalidations to this process on every connection.",
          s.tracked ? 1 : 0);
    if (s.tracked)
        gauge(all, "larder_cache_freshness_age_seconds",
              "Time since all invalidations were last known to have arrived.", s.freshness_age_ms / 1000);
    gauge(all, "larder_cache_pending_invalidations", "Invalidations that Redis has not confirmed yet.",
          s.pending_invalidations);
}

void add_limits(families& all, const larder::limiter& limits)
{
    all.reserve(all.size() + 4);
    auto& decisions = add(all, MetricType::Counter, "larder_limit_decisions_total", "Decisions, by limit and outcome.");
    auto& redis_calls =
        add(all, MetricType::Counter, "larder_limit_redis_calls_total", "Calls to Redis for decisions.");
    auto& fallbacks = add(all, MetricType::Counter, "larder_limit_fallbacks_total", "Decisions made without Redis.");
    auto& clients = add(all, MetricType::Gauge, "larder_limit_clients", "Clients that this process counts hits for.");
    limits.for_each([&](const larder::rate_limit& l) {
        const auto s = l.stats();
        const label name{"limit", l.rule().name};
        sample(decisions, {name, {"outcome", "allowed"}}, static_cast<double>(s.allowed));
        sample(decisions, {name, {"outcome", "refused"}}, static_cast<double>(s.refused));
        sample(redis_calls, {name}, static_cast<double>(s.redis_calls));
        sample(fallbacks, {name}, static_cast<double>(s.unshared));
        sample(clients, {name}, static_cast<double>(s.clients));
    });
}

void add_redis(families& all, const larder::redis::client_state& s, const redis_watch::status& seen)
{
    gauge(all, "larder_redis_up", "1 if Redis answered the last check.", seen.answers ? 1 : 0);
    gauge(all, "larder_redis_problem", "1 if Redis does not answer, or refuses reads or writes.",
          seen.is_healthy() ? 0 : 1);
    if (seen.answers) gauge(all, "larder_redis_ping_seconds", "Latency of the last check.", seen.latency_ms / 1000);
    auto& circuit =
        add(all, MetricType::Gauge, "larder_redis_circuit", "1 for the current state of the circuit breaker.");
    using state = larder::circuit_breaker::state;
    for (const auto& [value, name] :
         {std::pair{state::closed, "closed"}, {state::open, "open"}, {state::half_open, "half_open"}})
        sample(circuit, {{"state", name}}, s.breaker == value ? 1 : 0);
    gauge(all, "larder_redis_waiting_commands", "Commands that wait for a reply.", s.waiting);
}

}  // namespace agora::metrics
