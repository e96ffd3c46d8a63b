// SPDX-License-Identifier: MIT
// local_store: the untyped implementation of local_cache (L1). It hashes the key, selects one of the shards, and
// converts TTLs into ticks with jitter. The shards do the work (shard.hpp); start at find() and set().
#include <unistd.h>

#include <bit>
#include <cmath>
#include <random>
#include <utility>

#include "coarse_clock.hpp"
#include "seeded_hash.hpp"
#include "shard.hpp"
#include "spread_counter.hpp"

namespace larder::detail {
struct local_store::shared {
    local_cache_options options;
    boot_time began;
    std::size_t mask = 0;
    std::unique_ptr<shard[]> shards;
    mutable spread_counter hits;
    mutable spread_counter misses;

    std::uint32_t now() const noexcept
    {
        const auto t = options.time != nullptr ? options.time->steady() : coarse_now();
        return static_cast<std::uint32_t>((t - began) / tick) + 1;
    }
    shard& of(std::uint64_t hash) const noexcept { return shards[hash >> 40 & mask]; }
    std::uint32_t expiry(std::chrono::milliseconds ttl, std::uint32_t now_ticks) const;
};

std::uint32_t local_store::shared::expiry(std::chrono::milliseconds ttl, std::uint32_t now_ticks) const
{
    if (ttl.count() <= 0) return never;
    thread_local std::minstd_rand random{std::random_device{}()};
    const auto kept = 1 - options.ttl_jitter * std::uniform_real_distribution{0.0, 1.0}(random);
    const auto ticks = std::ceil(static_cast<double>(ttl.count()) * kept / static_cast<double>(tick.count()));
    return ticks >= static_cast<double>(never - now_ticks) ? never - 1 : now_ticks + static_cast<std::uint32_t>(ticks);
}

local_store::local_store(const local_cache_options& o) : shared_{std::make_unique<shared>()}
{
    auto& s = *shared_;
    s.options = o;
    if (s.options.seed == 0) s.options.seed = std::uint64_t{std::random_device{}()} << 32 | std::random_device{}();
    s.began = o.time != nullptr ? o.time->steady() : coarse_now();
    const auto shards = std::bit_ceil(
        o.shards != 0 ? o.shards : 4 * static_cast<std::size_t>(std::max(::sysconf(_SC_NPROCESSORS_ONLN), 1L)));
    s.mask = shards - 1;
    s.shards = std::make_unique<shard[]>(shards);
    for (std::size_t i = 0; i < shards; ++i)
        s.shards[i].begin(s.options, std::max<std::size_t>(o.capacity / shards, 1));
}

local_store::~local_store() = default;

bool local_store::find(std::string_view key, visitor found, void* state) const
{
    const auto hash = seeded_hash(key, shared_->options.seed);
    const bool hit = shared_->of(hash).find(key, hash, shared_->now(), found, state);
    (hit ? shared_->hits : shared_->misses).add();
    return hit;
}

bool local_store::set(std::string_view key, std::shared_ptr<const void> value, const entry_options& o,
                      std::size_t weight)
{
    const auto hash = seeded_hash(key, shared_->options.seed);
    auto& in = shared_->of(hash);
    const auto all = shared_->options.count_entries ? 1 : key.size() + weight + entry_cost;
    if (key.size() > longest_key || all > std::numeric_limits<std::uint32_t>::max()) {
        in.remove(key, hash);
        return false;
    }
    auto e = make_entry(key);
    const auto now = shared_->now();
    e->value = std::move(value);
    e->weight = static_cast<std::uint32_t>(all);
    e->expires = shared_->expiry(o.ttl, now);
    return in.set(std::move(e), hash, now);
}

bool local_store::remove(std::string_view key)
{
    const auto hash = seeded_hash(key, shared_->options.seed);
    return shared_->of(hash).remove(key, hash);
}

void local_store::clear()
{
    for (std::size_t i = 0; i <= shared_->mask; ++i) shared_->shards[i].clear();
}

void local_store::for_each_key(const std::function<void(std::string_view)>& f) const
{
    for (std::size_t i = 0; i <= shared_->mask; ++i) shared_->shards[i].for_each_key(f);
}

local_cache_stats local_store::stats() const
{
    local_cache_stats s;
    s.hits = shared_->hits.sum();
    s.misses = shared_->misses.sum();
    for (std::size_t i = 0; i <= shared_->mask; ++i) shared_->shards[i].add_to(s);
    return s;
}

}  // namespace larder::detail
