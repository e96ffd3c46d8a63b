// SPDX-License-Identifier: MIT
// A shard of L1 (local_store): the entries whose keys hash to it. Reads take no lock; writes take the shard's lock.
// Invariants: an entry is either in the shard's table and in one of its two queues, or retired. Only writers change
// these, under the lock. Readers probe the table under an epoch guard and write nothing but an entry's hit count.
// A probing reader never misses an entry that stays in the table: a slot changes from empty to an entry, from an entry
// to another one with the same key, or to `removed`; a table with too few empty slots is replaced as a whole.
// Start at shard::find() and shard::set().
#pragma once

#include <atomic>
#include <cstring>
#include <deque>
#include <larder/local_cache.hpp>
#include <limits>
#include <mutex>
#include <new>

#include "epoch.hpp"
#include "ghost_queue.hpp"

namespace larder::detail {

inline constexpr std::uint8_t most_hits = 3;
inline constexpr std::uint32_t never = std::numeric_limits<std::uint32_t>::max();
inline constexpr std::chrono::milliseconds tick{16};  // unit of expiry times: 32 bits last for two years
inline constexpr std::size_t longest_key = 0xffff;

enum class queue : std::uint8_t { small, main };

/// The key's bytes follow the entry in memory.
struct entry {
    std::shared_ptr<const void> value;
    entry* older = nullptr;  ///< towards the end that is evicted
    entry* newer = nullptr;
    std::uint32_t expires = never;  ///< in ticks since the store began
    std::uint32_t weight = 0;
    std::uint16_t key_size = 0;
    std::atomic<std::uint8_t> hits = 0;
    queue where = queue::small;

    char* key_bytes() noexcept { return reinterpret_cast<char*>(this + 1); }
    std::string_view key() const noexcept { return {reinterpret_cast<const char*>(this + 1), key_size}; }
};
static_assert(sizeof(entry) == 48);

struct entry_deleter {
    void operator()(entry* e) const noexcept
    {
        e->~entry();
        ::operator delete(e);
    }
};
using entry_ptr = std::unique_ptr<entry, entry_deleter>;

inline entry_ptr make_entry(std::string_view key)
{
    auto* e = new (::operator new(sizeof(entry) + key.size())) entry;
    e->key_size = static_cast<std::uint16_t>(key.size());
    std::memcpy(e->key_bytes(), key.data(), key.size());
    return entry_ptr{e};
}

/// Bytes per entry besides key and value: the entry itself, malloc's overhead, its share of the table and of the
/// ghosts.
inline constexpr std::size_t entry_cost = sizeof(entry) + 32;

/// A hash table with open addressing and linear probing. A slot holds the address of an entry and, in the upper 16
/// bits, a part of its hash.
class slot_table {
 public:
    using slot = std::uintptr_t;
    static constexpr slot empty = 0;
    static constexpr slot removed = 1;

    /// The size need not be a power of two, because a table that can only double would be half empty on average.
    explicit slot_table(std::size_t size) : size_{size}, slots_{std::make_unique<std::atomic<slot>[]>(size)} {}

    std::size_t size() const noexcept { return size_; }

    std::atomic<slot>* find(std::string_view key, std::uint64_t hash) const noexcept
    {
        const auto tag = tag_of(hash);
        for (auto i = first(hash);; i = next(i)) {
            const auto s = slots_[i].load(std::memory_order_acquire);
            if (s == empty) return nullptr;
            if ((s ^ tag) >> 48 == 0 && s != removed && address(s)->key() == key) return &slots_[i];
        }
    }
    /// Returns true if the entry took an empty slot, false if it reused the slot of a removed entry.
    bool insert(entry* e, std::uint64_t hash) noexcept
    {
        auto i = first(hash);
        while (slots_[i].load(std::memory_order_relaxed) > removed) i = next(i);
        const bool fresh = slots_[i].load(std::memory_order_relaxed) == empty;
        slots_[i].store(reinterpret_cast<slot>(e) | tag_of(hash), std::memory_order_release);
        return fresh;
    }
    template <class F>
    void for_each(F f) const
    {
        for (std::size_t i = 0; i < size(); ++i) {
            const auto s = slots_[i].load(std::memory_order_relaxed);
            if (s > removed) f(address(s));
        }
    }

    static entry* address(slot s) noexcept { return reinterpret_cast<entry*>(s & 0xffff'ffff'ffff); }
    static slot tag_of(std::uint64_t hash) noexcept { return hash & 0xffff'0000'0000'0000; }

 private:
    /// The lower half of the hash, scaled (D. Lemire, "Fast random integer generation in an interval", 2019).
    std::size_t first(std::uint64_t hash) const noexcept { return (hash & 0xffff'ffff) * size_ >> 32; }
    std::size_t next(std::size_t i) const noexcept { return i + 1 == size_ ? 0 : i + 1; }

    std::size_t size_;
    std::unique_ptr<std::atomic<slot>[]> slots_;
};

/// A FIFO queue of entries, linked through the entries; the oldest one is evicted first.
class entry_queue {
 public:
    entry* oldest() const noexcept { return oldest_; }
    std::size_t weight() const noexcept { return weight_; }
    std::size_t size() const noexcept { return size_; }

    void push(entry* e) noexcept
    {
        e->older = newest_;
        e->newer = nullptr;
        (newest_ != nullptr ? newest_->newer : oldest_) = e;
        newest_ = e;
        weight_ += e->weight;
        ++size_;
    }
    void erase(entry* e) noexcept
    {
        (e->older != nullptr ? e->older->newer : oldest_) = e->newer;
        (e->newer != nullptr ? e->newer->older : newest_) = e->older;
        weight_ -= e->weight;
        --size_;
    }
    /// Puts `to` at the position of `e`.
    void replace(entry* e, entry* to) noexcept
    {
        to->older = e->older;
        to->newer = e->newer;
        (e->older != nullptr ? e->older->newer : oldest_) = to;
        (e->newer != nullptr ? e->newer->older : newest_) = to;
        weight_ += to->weight;
        weight_ -= e->weight;
    }

 private:
    entry* oldest_ = nullptr;
    entry* newest_ = nullptr;
    std::size_t weight_ = 0;
    std::size_t size_ = 0;
};

class alignas(64) shard {
 public:
    shard() : table_{new slot_table{16}} {}
    ~shard();
    shard(const shard&) = delete;
    shard& operator=(const shard&) = delete;

    void begin(const local_cache_options& o, std::size_t capacity);
    bool find(std::string_view key, std::uint64_t hash, std::uint32_t now, local_store::visitor found,
              void* state) const;
    bool set(entry_ptr e, std::uint64_t hash, std::uint32_t now);
    bool remove(std::string_view key, std::uint64_t hash);
    void clear();
    void for_each_key(const std::function<void(std::string_view)>& f) const;
    void add_to(local_cache_stats& s) const;

 private:
    struct retired {
        epoch::number since;
        entry_ptr old_entry;
        std::unique_ptr<slot_table> old_table;
    };

    std::size_t weight() const noexcept { return small_.weight() + main_.weight(); }
    entry_queue& queue_of(const entry* e) noexcept { return e->where == queue::small ? small_ : main_; }
    std::uint64_t full_hash(const entry* e) const noexcept;
    void make_room(std::size_t weight, std::uint32_t now);
    void evict_from_small(std::uint32_t now);
    void evict_from_main(std::uint32_t now);
    void take_out(entry* e, removal_cause cause);
    void count(const entry* e, removal_cause cause);
    void keep_table_sparse();
    void retire(entry* e);
    void retire(retired r);

    mutable std::mutex mutex_;
    std::atomic<slot_table*> table_;
    std::size_t used_slots_ = 0;  ///< slots that are not empty: entries and `removed`
    entry_queue small_;
    entry_queue main_;
    ghost_queue ghosts_;
    std::deque<retired> retired_;
    std::size_t capacity_ = 0;
    std::uint64_t seed_ = 0;
    bool count_entries_ = false;
    std::function<void(const local_entry&)> on_insertion_;
    std::function<void(const local_entry&, removal_cause)> on_removal_;
    local_cache_stats stats_;
};

}  // namespace larder::detail
