// SPDX-License-Identifier: MIT
// The region table is an open-addressing hash table of atomic pointers, keyed by the address of the (interned) region.
// Invariants: a slot changes only once, from null to a state, under the mutex; at most half of the slots are used, so
// every probe ends at an empty slot. Readers therefore need no lock. Start at region_table::of().
#include "region_table.hpp"

#include <cmath>
#include <stdexcept>

namespace larder::detail {

void duration_histogram::add(std::chrono::microseconds d) noexcept
{
    const double us = std::max(1.0, static_cast<double>(d.count()));
    const auto step = std::min<std::size_t>(counts_.size() - 1, static_cast<std::size_t>(std::log2(us) * 4));
    counts_[step].fetch_add(1, std::memory_order_relaxed);
    sum_us_ += static_cast<std::uint64_t>(d.count());
}

double duration_histogram::quantile(double q) const noexcept
{
    std::uint64_t all = 0;
    for (const auto& c : counts_) all += c.load(std::memory_order_relaxed);
    const auto wanted = static_cast<std::uint64_t>(std::ceil(q * static_cast<double>(all)));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size() && all > 0; ++i) {
        seen += counts_[i].load(std::memory_order_relaxed);
        if (seen >= wanted) return std::exp2(static_cast<double>(i + 1) / 4) / 1000;
    }
    return 0;
}

region_stats region_state::stats() const
{
    region_stats s;
    s.region = region.pattern();
    s.hits_local = hits_local.sum();
    s.stale = stale.sum();
    s.hits_shared = hits_shared;
    s.misses = misses;
    s.negative = negative;
    s.coalesced = coalesced;
    s.loads = loads;
    s.load_failures = load_failures;
    s.refused = refused;
    s.corrupt = corrupt;
    s.oversized = oversized;
    s.redis_failures = redis_failures;
    s.entries = local.entries;
    s.bytes = local.bytes;
    s.evicted = local.evicted;
    s.load_seconds = load_time.seconds();
    s.load_p50_ms = load_time.quantile(0.5);
    s.load_p99_ms = load_time.quantile(0.99);
    return s;
}

std::size_t region_table::place_of(const region_base& r) noexcept
{
    return (reinterpret_cast<std::uintptr_t>(&r) * 0x9e3779b97f4a7c15) >> 54;
}

region_state& region_table::of(const region_base& r)
{
    for (auto i = place_of(r);; i = (i + 1) % places) {
        auto* const s = table_[i].load(std::memory_order_acquire);
        if (s == nullptr) return add(r);
        if (&s->region == &r) return *s;
    }
}

region_state& region_table::add(const region_base& r)
{
    const std::lock_guard lock{mutex_};
    auto i = place_of(r);
    for (; table_[i].load(std::memory_order_relaxed) != nullptr; i = (i + 1) % places)
        if (&table_[i].load(std::memory_order_relaxed)->region == &r) return *table_[i].load(std::memory_order_relaxed);
    if (states_.size() >= places / 2) throw std::length_error{"more than 512 cache regions"};
    states_.push_back(std::make_unique<region_state>(r, tags_.slot(tag_of_everything), tags_.slot(tag_of(r)), queue_));
    table_[i].store(states_.back().get(), std::memory_order_release);
    return *states_.back();
}

std::vector<const region_state*> region_table::all() const
{
    const std::lock_guard lock{mutex_};
    std::vector<const region_state*> out;
    for (const auto& s : states_) out.push_back(s.get());
    return out;
}

}  // namespace larder::detail
