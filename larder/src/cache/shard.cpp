// SPDX-License-Identifier: MIT
// One shard of L1 with S3-FIFO eviction: new entries enter the small queue, those with two or more hits move on to the
// main queue, and keys that were evicted from the small queue are remembered as ghosts, so that they enter the main
// queue next time. The invariants are in the header. Entries and tables that were replaced are retired, and freed once
// no reader's epoch is old enough to see them. Start at find(), set() and make_room().
#include "shard.hpp"

#include "seeded_hash.hpp"

namespace larder::detail {

shard::~shard()
{
    for (auto* q : {&small_, &main_}) {
        while (auto* e = q->oldest()) {
            q->erase(e);
            entry_deleter{}(e);
        }
    }
    delete table_.load();
}

void shard::begin(const local_cache_options& o, std::size_t capacity)
{
    capacity_ = capacity;
    seed_ = o.seed;
    count_entries_ = o.count_entries;
    on_insertion_ = o.on_insertion;
    on_removal_ = o.on_removal;
    ghosts_.resize(count_entries_ ? capacity - capacity / 10 : 64);
}

std::uint64_t shard::full_hash(const entry* e) const noexcept { return seeded_hash(e->key(), seed_); }

bool shard::find(std::string_view key, std::uint64_t hash, std::uint32_t now, local_store::visitor found,
                 void* state) const
{
    const epoch::guard held;
    const auto* at = table_.load(std::memory_order_acquire)->find(key, hash);
    if (at == nullptr) return false;
    // The slot may have changed since it was found. The old and the new entry are both safe to read under the guard.
    const auto s = at->load(std::memory_order_acquire);
    if (s <= slot_table::removed) return false;
    auto* e = slot_table::address(s);
    if (e->expires <= now || e->key() != key) return false;
    const auto hits = e->hits.load(std::memory_order_relaxed);
    if (hits < most_hits) e->hits.store(hits + 1, std::memory_order_relaxed);
    found(state, e->value);
    return true;
}

bool shard::set(entry_ptr e, std::uint64_t hash, std::uint32_t now)
{
    const std::scoped_lock lock{mutex_};
    auto* table = table_.load(std::memory_order_relaxed);
    auto* at = table->find(e->key(), hash);
    ++stats_.sets;
    if (e->weight > capacity_) {
        if (at != nullptr) take_out(slot_table::address(at->load()), removal_cause::replaced);
        ++stats_.rejected;
        return false;
    }
    if (at != nullptr) {
        auto* old = slot_table::address(at->load(std::memory_order_relaxed));
        const bool expired = old->expires <= now;
        if (on_insertion_) on_insertion_({e->key(), e->value, e->weight});
        e->where = old->where;
        e->hits.store(old->hits.load(std::memory_order_relaxed), std::memory_order_relaxed);
        queue_of(old).replace(old, e.get());
        at->store(reinterpret_cast<slot_table::slot>(e.release()) | slot_table::tag_of(hash),
                  std::memory_order_release);
        count(old, expired ? removal_cause::expired : removal_cause::replaced);
        retire(old);
        if (weight() > capacity_) make_room(0, now);
        return true;
    }
    make_room(e->weight, now);
    keep_table_sparse();
    if (on_insertion_) on_insertion_({e->key(), e->value, e->weight});
    e->where = ghosts_.take(hash) ? queue::main : queue::small;
    queue_of(e.get()).push(e.get());
    if (table_.load(std::memory_order_relaxed)->insert(e.release(), hash)) ++used_slots_;
    if (!count_entries_ && main_.size() > ghosts_.capacity()) ghosts_.resize(main_.size() + main_.size() / 2);
    return true;
}

/// Evicts until `more` bytes fit. S3-FIFO: evicts from the small queue while that has at least a tenth of the capacity.
void shard::make_room(std::size_t more, std::uint32_t now)
{
    while (weight() + more > capacity_ && small_.size() + main_.size() > 0) {
        if (small_.weight() * 10 >= capacity_ || main_.size() == 0) {
            evict_from_small(now);
        } else {
            evict_from_main(now);
        }
    }
}

void shard::evict_from_small(std::uint32_t now)
{
    auto* e = small_.oldest();
    if (e == nullptr) return;
    const bool expired = e->expires <= now;
    if (!expired && e->hits.load(std::memory_order_relaxed) > 1) {
        small_.erase(e);
        e->hits.store(0, std::memory_order_relaxed);
        e->where = queue::main;
        main_.push(e);
        return;
    }
    if (!expired) ghosts_.add(full_hash(e));
    take_out(e, expired ? removal_cause::expired : removal_cause::evicted);
}

void shard::evict_from_main(std::uint32_t now)
{
    for (;;) {
        auto* e = main_.oldest();
        const auto hits = e->hits.load(std::memory_order_relaxed);
        const bool expired = e->expires <= now;
        if (expired || hits == 0) {
            take_out(e, expired ? removal_cause::expired : removal_cause::evicted);
            return;
        }
        main_.erase(e);
        e->hits.store(hits - 1, std::memory_order_relaxed);
        main_.push(e);
    }
}

void shard::take_out(entry* e, removal_cause cause)
{
    queue_of(e).erase(e);
    auto* at = table_.load(std::memory_order_relaxed)->find(e->key(), full_hash(e));
    at->store(slot_table::removed, std::memory_order_release);
    count(e, cause);
    retire(e);
}

void shard::count(const entry* e, removal_cause cause)
{
    ++stats_.removals[static_cast<std::size_t>(cause)];
    if (on_removal_) on_removal_({e->key(), e->value, e->weight}, cause);
}

/// Keeps at least a fifth of the slots empty, because a reader's probe ends only at an empty slot.
void shard::keep_table_sparse()
{
    auto* old = table_.load(std::memory_order_relaxed);
    if ((used_slots_ + 1) * 5 <= old->size() * 4) return;
    const auto entries = small_.size() + main_.size() + 1;
    auto next = std::make_unique<slot_table>(entries * 8 / 5 + 16);
    old->for_each([&](entry* e) { next->insert(e, full_hash(e)); });
    used_slots_ = entries - 1;
    table_.store(next.release(), std::memory_order_release);
    retire({0, nullptr, std::unique_ptr<slot_table>{old}});
}

bool shard::remove(std::string_view key, std::uint64_t hash)
{
    const std::scoped_lock lock{mutex_};
    auto* at = table_.load(std::memory_order_relaxed)->find(key, hash);
    if (at == nullptr) return false;
    take_out(slot_table::address(at->load()), removal_cause::removed);
    return true;
}

void shard::clear()
{
    const std::scoped_lock lock{mutex_};
    for (auto* q : {&small_, &main_}) {
        while (auto* e = q->oldest()) take_out(e, removal_cause::cleared);
    }
}

void shard::retire(entry* e) { retire({0, entry_ptr{e}, nullptr}); }

void shard::retire(retired r)
{
    r.since = epoch::advance();
    const bool is_table = r.old_table != nullptr;
    retired_.push_back(std::move(r));
    if (retired_.size() < 32 && !is_table) return;
    const auto safe = epoch::oldest();
    while (!retired_.empty() && retired_.front().since <= safe) retired_.pop_front();
}

void shard::for_each_key(const std::function<void(std::string_view)>& f) const
{
    const std::lock_guard lock{mutex_};
    table_.load(std::memory_order_relaxed)->for_each([&](const entry* e) { f(e->key()); });
}

void shard::add_to(local_cache_stats& s) const
{
    const std::scoped_lock lock{mutex_};
    s.sets += stats_.sets;
    s.rejected += stats_.rejected;
    for (std::size_t i = 0; i < std::size(s.removals); ++i) s.removals[i] += stats_.removals[i];
    s.entries += small_.size() + main_.size();
    s.bytes += weight();
}

}  // namespace larder::detail
