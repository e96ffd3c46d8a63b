// SPDX-License-Identifier: MIT
#include <agora/features/admin/cache_admin.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace agora::admin {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t most_keys = 100'000;  // that one order looks at

/// `*` stands for any text, `?` for one character.
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

std::optional<std::int64_t> number_behind(std::string_view info, std::string_view name)
{
    const auto at = info.find(name);
    if (at == std::string_view::npos) return std::nullopt;
    std::int64_t n = 0;
    const auto* const begin = info.data() + at + name.size();
    return std::from_chars(begin, info.data() + info.size(), n).ec == std::errc{} ? std::optional{n} : std::nullopt;
}

failure wrong(const char* field, const char* what)
{
    std::vector<field_error> errors;
    errors.emplace_back(field, "invalid", what);
    return failure::invalid(std::move(errors));
}

}  // namespace

asio::awaitable<redis_figures> cache_admin::look_at_redis()
{
    redis_figures f;
    const auto state = co_await redis_->state();
    f.circuit = circuit_name(state.breaker);
    const auto info = co_await redis_->exec<std::string>(larder::redis::request{"INFO"}, {2s});
    f.available = info.has_value();
    if (!info) co_return f;
    f.used_memory = number_behind(*info, "used_memory:");
    f.operations_per_second = number_behind(*info, "instantaneous_ops_per_sec:");
    const auto keys = co_await redis_->exec<std::int64_t>(larder::redis::request{"DBSIZE"}, {2s});
    if (keys) f.keys = *keys;
    co_return f;
}

asio::awaitable<cache_report> cache_admin::stats()
{
    const auto all = cache_.stats();
    cache_report report;
    for (const auto& r : all.regions) {
        region_figures f;
        static_cast<larder::region_stats&>(f) = r;
        const auto hits = static_cast<double>(r.hits_local + r.hits_shared + r.stale);
        const auto asked = hits + static_cast<double>(r.misses);
        if (asked > 0) f.hit_rate_percent = std::round(hits * 1e4 / asked) / 100;
        report.regions.push_back(std::move(f));
    }
    std::sort(report.regions.begin(), report.regions.end(),
              [](const auto& a, const auto& b) { return a.region < b.region; });
    const auto removed = [&](larder::removal_cause c) { return all.local.removals[static_cast<std::size_t>(c)]; };
    report.memory = {all.local.entries, all.local.bytes, removed(larder::removal_cause::evicted),
                     removed(larder::removal_cause::expired)};
    report.pending_invalidations = all.pending_invalidations;
    report.told = all.told;
    if (redis_ != nullptr) report.redis = co_await look_at_redis();
    co_return report;
}

std::vector<const larder::region_base*> cache_admin::named(const std::optional<std::string>& name) const
{
    auto all = cache_.regions();
    std::erase_if(all, [&](const auto* r) {
        const auto pattern = r->pattern();
        const auto family = pattern.substr(0, pattern.find(":{"));
        return name && pattern != *name && family != *name;
    });
    return all;
}

asio::awaitable<std::vector<larder::entry_key>> cache_admin::find(std::vector<const larder::region_base*> in,
                                                                  std::string pattern, std::size_t most)
{
    std::vector<larder::entry_key> out;
    const auto prefix = pattern.substr(0, pattern.find_first_of("*?"));
    for (const auto* region : in) {
        auto found = co_await cache_.keys(*region, prefix, most_keys);
        for (auto& k : found)
            if (matches(k.text(), pattern) && out.size() < most) out.push_back(std::move(k));
    }
    co_return out;
}

asio::awaitable<larder::invalidation> cache_admin::drop(const clear_order& order,
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

asio::awaitable<outcome<clear_report>> cache_admin::clear(clear_order order)
{
    const int orders = (order.region ? 1 : 0) + (order.tag ? 1 : 0) + (order.pattern ? 1 : 0) + (order.all ? 1 : 0);
    if (orders != 1) co_return wrong("region", "say one of region, tag, pattern and all");
    if (order.all && !*order.all) co_return wrong("all", "must be true");
    const auto regions = named(order.region);
    if (regions.empty() && order.region) co_return failure::not_found("this region");

    clear_report report;
    report.cleared = 1;
    std::vector<larder::entry_key> keys;
    if (!order.tag) {
        keys = co_await find(regions, order.pattern.value_or("*"), most_keys);
        report.cleared = keys.size();
    }
    if (!order.dry_run.value_or(false)) {
        const auto done = co_await drop(order, regions, std::move(keys));
        report.confirmed = done == larder::invalidation::confirmed;
    }
    co_return report;
}

asio::awaitable<outcome<key_list>> cache_admin::keys(keys_query q)
{
    const auto limit = q.limit.value_or(100);
    if (limit < 1 || limit > 10'000) co_return wrong("limit", "must be from 1 to 10000");
    const auto regions = named(q.region);
    if (regions.empty() && q.region) co_return failure::not_found("this region");
    const auto found = co_await find(regions, q.prefix.value_or("") + "*", static_cast<std::size_t>(limit));
    key_list list;
    for (const auto& k : found) list.keys.emplace_back(k.text());
    std::sort(list.keys.begin(), list.keys.end());
    co_return list;
}

asio::awaitable<outcome<larder::explanation>> cache_admin::explain(std::string key)
{
    if (key.empty()) co_return wrong("key", "must be given, like post:1");
    for (const auto* region : cache_.regions()) {
        auto k = region->parse(key);
        if (k) co_return co_await cache_.explain(*std::move(k));
    }
    co_return failure::not_found("a region with such keys");
}

outcome<http::warm_order> cache_admin::plan_warming(const warm_wish& wish, bool renew) const
{
    http::warm_order order;
    const auto limit = wish.limit.value_or(static_cast<std::int64_t>(order.most));
    if (limit < 1 || limit > 10'000) return wrong("limit", "must be from 1 to 10000");
    order.most = static_cast<std::size_t>(limit);
    for (const auto& name : wish.regions.value_or(std::vector<std::string>{})) {
        const auto found = named(name);
        if (found.empty()) return failure::not_found("the region " + name);
        order.regions.insert(order.regions.end(), found.begin(), found.end());
    }
    if (renew) order.renew_below = 0.25;
    return order;
}

}  // namespace agora::admin
