// SPDX-License-Identifier: MIT
// cache_inspector: statistics, the known regions, and the keys of a region, from Redis or from L1. explain() is in
// explain.cpp.
#include <larder/cache/inspector.hpp>

#include "core.hpp"

namespace larder {

namespace asio = boost::asio;

namespace {

asio::awaitable<std::vector<entry_key>> keys_of(std::shared_ptr<cache::core> c, const region_base& in,
                                                std::string prefix, std::size_t most)
{
    std::vector<entry_key> out;
    const auto call = c->call();
    if (c->shared) {
        const std::function<bool(const std::string&)> take = [&](const std::string& key) {
            if (!key.starts_with(prefix)) return true;
            if (auto k = in.parse(key)) out.push_back(*std::move(k));
            return out.size() < most;
        };
        co_await c->shared->scan(in.glob(), take);
        co_return out;
    }
    c->local.for_each_key([&](std::string_view key) {
        if (out.size() >= most || !key.starts_with(prefix)) return;
        if (auto k = in.parse(key)) out.push_back(*std::move(k));
    });
    co_return out;
}

}  // namespace

std::vector<const region_base*> cache_inspector::regions() const
{
    std::vector<const region_base*> out;
    for (const auto* r : cache_.core_->regions.all()) out.push_back(&r->region);
    return out;
}

asio::awaitable<std::vector<entry_key>> cache_inspector::keys(const region_base& in, std::string prefix,
                                                              std::size_t most) const
{
    return keys_of(cache_.core_, detail::interned(in), std::move(prefix), most);
}

void cache_inspector::on_redis_command(std::function<void(const redis::command_record&)> f) const
{
    if (cache_.core_->client != nullptr) cache_.core_->client->on_command(std::move(f));
}

cache_stats cache_inspector::stats() const
{
    const auto& c = *cache_.core_;
    cache_stats s;
    for (const auto* r : c.regions.all()) s.regions.push_back(r->stats());
    s.local = c.local.stats();
    s.pending_invalidations = c.pending.size();
    s.tracked = c.freshness.generation() != detail::freshness::untracked;
    if (s.tracked)
        s.freshness_age_ms = std::chrono::duration<double, std::milli>(c.now() - c.freshness.fresh_as_of()).count();
    return s;
}

}  // namespace larder
