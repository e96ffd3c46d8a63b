// SPDX-License-Identifier: MIT
// Implements cache_admin: statistics, clearing, listing and explaining entries. Start at clear(): it finds the regions
// that an order means, counts the keys concerned, and then invalidates. Counting stops at most_keys per region.
#include <agora/operations/cache_admin.hpp>

#include <algorithm>
#include <cmath>

namespace agora::admin {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t most_keys = 100'000;  // that one order looks at, per region

/// Matches a text against a pattern, in which `*` stands for any text and `?` for one character.
bool matches(std::string_view text, std::string_view pattern)
{
    std::size_t t = 0;
    std::size_t p = 0;
    std::size_t star = std::string_view::npos;
    std::size_t tried = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            tried = t;
        } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++tried;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

/// Whether the key implies that its entry has the tag. A loader may have added further tags, which only the entry
/// itself records.
bool implies_tag(const larder::entry_key& k, std::string_view tag)
{
    const auto& tags = k.region().options().tags;
    for (std::size_t i = 0; i < tags.size() && !tags[i].empty(); ++i)
        if (k.tag_text(i) == tag) return true;
    return false;
}

/// Whether an entry of the region may have the tag. Other regions are skipped, which saves a scan of all keys in Redis.
bool may_have_tag(const larder::region_base& r, std::string_view tag)
{
    return std::ranges::any_of(r.options().tags, [&](std::string_view pattern) {
        return !pattern.empty() && tag.starts_with(pattern.substr(0, pattern.find('{')));
    });
}

std::string_view circuit_name(larder::circuit_breaker::state s)
{
    switch (s) {
        case larder::circuit_breaker::state::closed:
            return "closed";
        case larder::circuit_breaker::state::open:
            return "open";
        case larder::circuit_breaker::state::half_open:
            break;
    }
    return "half_open";
}

failure wrong(const char* field, const char* what)
{
    std::vector<field_error> errors;
    errors.emplace_back(field, field_codes::invalid, what);
    return failure::invalid(std::move(errors));
}

}  // namespace

asio::awaitable<redis_stats> cache_admin::read_redis()
{
    redis_stats f;
    const auto state = co_await redis_.client->state();
    f.circuit = circuit_name(state.breaker);
    auto found = co_await redis_.watcher->current();
    f.available = found.answers;
    if (!found.problem.empty()) f.problem = std::move(found.problem);
    f.used_memory = found.used_memory;
    f.operations_per_second = found.operations_per_second;
    f.keys = found.keys;
    f.hit_rate_percent = found.hit_rate_percent;
    co_return f;
}

asio::awaitable<cache_report> cache_admin::stats()
{
    const auto all = larder::cache_inspector{cache_}.stats();
    cache_report report;
    for (const auto& r : all.regions) {
        region_summary f;
        static_cast<larder::region_stats&>(f) = r;
        const auto hits = static_cast<double>(r.hits_local + r.hits_shared + r.stale);
        const auto lookups = hits + static_cast<double>(r.misses);
        if (lookups > 0) f.hit_rate_percent = std::round(hits * 1e4 / lookups) / 100;
        report.regions.push_back(std::move(f));
    }
    std::sort(report.regions.begin(), report.regions.end(),
              [](const auto& a, const auto& b) { return a.region < b.region; });
    const auto removed = [&](larder::removal_cause c) { return all.local.removals[static_cast<std::size_t>(c)]; };
    report.memory = {all.local.entries, all.local.bytes, removed(larder::removal_cause::evicted),
                     removed(larder::removal_cause::expired)};
    report.pending_invalidations = all.pending_invalidations;
    report.tracked = all.tracked;
    if (redis_.watcher != nullptr) report.redis = co_await read_redis();
    co_return report;
}

std::vector<const larder::region_base*> cache_admin::named(const std::optional<std::string>& name) const
{
    auto all = larder::cache_inspector{cache_}.regions();
    std::erase_if(all, [&](const auto* r) {
        const auto pattern = r->pattern();
        const auto family = pattern.substr(0, pattern.find(":{"));
        return name && pattern != *name && family != *name;
    });
    return all;
}

asio::awaitable<cache_admin::found_keys> cache_admin::find(std::vector<const larder::region_base*> in,
                                                           std::string prefix, const key_filter& passes,
                                                           std::size_t most)
{
    found_keys out;
    for (const auto* region : in) {
        auto found = co_await larder::cache_inspector{cache_}.keys(*region, prefix, most_keys + 1);
        out.capped = out.capped || found.size() > most_keys;
        for (auto& k : found) {
            if (!passes(k)) continue;
            out.capped = out.capped || out.keys.size() == most;
            if (out.keys.size() == most) break;
            out.keys.push_back(std::move(k));
        }
    }
    co_return out;
}

asio::awaitable<larder::invalidation> cache_admin::drop(const clear_request& order,
                                                        std::vector<const larder::region_base*> regions,
                                                        std::vector<larder::entry_key> keys)
{
    if (order.all) co_return co_await cache_.clear();
    if (order.tag) co_return co_await cache_.invalidate(larder::tag::from_text(*order.tag));
    auto done = larder::invalidation::confirmed;
    if (order.pattern) {
        if (!keys.empty()) done = co_await cache_.invalidate(std::move(keys), {});
        co_return done;
    }
    for (const auto* region : regions) {
        const auto one = co_await cache_.invalidate(*region);
        if (one == larder::invalidation::pending) done = one;
    }
    co_return done;
}

asio::awaitable<outcome<clear_report>> cache_admin::clear(clear_request order)
{
    const int orders = (order.region ? 1 : 0) + (order.tag ? 1 : 0) + (order.pattern ? 1 : 0) + (order.all ? 1 : 0);
    if (orders != 1) co_return wrong("region", "give exactly one of region, tag, pattern and all");
    if (order.all && !*order.all) co_return wrong("all", "must be true");
    auto regions = named(order.region);
    if (regions.empty() && order.region) co_return failure::not_found("this region");

    if (order.tag) std::erase_if(regions, [&](const auto* r) { return !may_have_tag(*r, *order.tag); });
    const key_filter counted = [&order](const larder::entry_key& k) {
        return order.tag ? implies_tag(k, *order.tag) : matches(k.text(), order.pattern.value_or("*"));
    };
    const auto pattern = order.pattern.value_or("");
    auto found = co_await find(regions, pattern.substr(0, pattern.find_first_of("*?")), counted, most_keys);
    clear_report report;
    report.cleared = found.keys.size();
    report.cleared_is_capped = found.capped;
    if (!order.dry_run.value_or(false)) {
        const auto done = co_await drop(order, regions, std::move(found.keys));
        report.confirmed = done == larder::invalidation::confirmed;
    }
    co_return report;
}

asio::awaitable<outcome<key_list>> cache_admin::keys(keys_query q)
{
    const auto limit = q.limit.value_or(100);
    if (limit < 1 || limit > max_listed) co_return wrong("limit", "must be from 1 to 10000");
    const auto regions = named(q.region);
    if (regions.empty() && q.region) co_return failure::not_found("this region");
    const key_filter any = [](const larder::entry_key&) { return true; };
    const auto found = co_await find(regions, q.prefix.value_or(""), any, static_cast<std::size_t>(limit));
    key_list list;
    for (const auto& k : found.keys) list.keys.emplace_back(k.text());
    std::sort(list.keys.begin(), list.keys.end());
    co_return list;
}

asio::awaitable<outcome<larder::explanation>> cache_admin::explain(std::string key)
{
    if (key.empty()) co_return wrong("key", "must be given, like post:1");
    for (const auto* region : larder::cache_inspector{cache_}.regions()) {
        auto k = region->parse(key);
        if (k) co_return co_await larder::cache_inspector{cache_}.explain(*std::move(k));
    }
    co_return failure::not_found("a region for this key");
}

outcome<http::warm_options> cache_admin::plan_warming(const warm_request& request, bool renew) const
{
    http::warm_options order;
    const auto limit = request.limit.value_or(static_cast<std::int64_t>(order.max_per_route));
    if (limit < 1 || limit > max_listed) return wrong("limit", "must be from 1 to 10000");
    order.max_per_route = static_cast<std::size_t>(limit);
    for (const auto& name : request.regions.value_or(std::vector<std::string>{})) {
        const auto found = named(name);
        if (found.empty()) return failure::not_found("the region " + name);
        order.regions.insert(order.regions.end(), found.begin(), found.end());
    }
    if (renew) order.renew_below = 0.25;
    return order;
}

}  // namespace agora::admin
