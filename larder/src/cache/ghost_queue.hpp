// SPDX-License-Identifier: MIT
// The ghost queue of S3-FIFO: remembers which keys were evicted recently, in four bytes each: a part of the hash and a
// 12-bit stamp of the time. It is a hash table of buckets with eight cells; a new key replaces the oldest cell of its
// bucket. A false positive costs only a little hit ratio. Not thread-safe.
#pragma once

#include <cstdint>
#include <vector>

namespace larder::detail {

class ghost_queue {
 public:
    /// Sets how many of the last added keys are remembered, to about 1/2000. Growing forgets all of them.
    void resize(std::size_t capacity)
    {
        capacity_ = capacity;
        const auto buckets = capacity / (ways - 2) + 1;
        if (buckets * ways <= cells_.size()) return;
        std::vector<std::uint32_t> old(buckets * ways);
        old.swap(cells_);
        // The old cells are dropped, because a cell does not tell which new bucket it belongs to. The shard grows the
        // queue by half each time, so this happens rarely.
    }

    void add(std::uint64_t hash)
    {
        ++added_;
        auto* bucket = find_bucket(hash);
        auto* oldest = bucket;
        for (std::size_t i = 0; i < ways; ++i) {
            if (age(bucket[i]) > age(*oldest)) oldest = &bucket[i];
        }
        *oldest = print(hash) | stamp();
    }

    /// Returns whether the key was added recently, and forgets it.
    bool take(std::uint64_t hash)
    {
        auto* bucket = find_bucket(hash);
        for (std::size_t i = 0; i < ways; ++i) {
            if ((bucket[i] & print_mask) != print(hash) || age(bucket[i]) > stamps_alive) continue;
            bucket[i] = 0;
            return true;
        }
        return false;
    }

    std::size_t capacity() const noexcept { return capacity_; }
    std::size_t bytes() const noexcept { return cells_.size() * sizeof(std::uint32_t); }

 private:
    static constexpr std::size_t ways = 8;
    static constexpr std::uint32_t stamp_mask = 0xfff;  // 12 bits of time, 19 of the hash, and one that is always set
    static constexpr std::uint32_t print_mask = ~stamp_mask;
    static constexpr std::uint32_t stamps_alive = 2000;

    static std::uint32_t print(std::uint64_t hash) noexcept
    {
        return (static_cast<std::uint32_t>(hash >> 32) & print_mask) | 0x1000U;
    }
    /// The current time, counted in additions: it advances once per 1/2000 of the capacity. A cell of 0 is unused.
    std::uint32_t stamp() const noexcept
    {
        return static_cast<std::uint32_t>(added_ * stamps_alive / (capacity_ + 1)) & stamp_mask;
    }
    std::uint32_t age(std::uint32_t cell) const noexcept
    {
        return cell == 0 ? stamp_mask + 1 : (stamp() - cell) & stamp_mask;
    }
    std::uint32_t* find_bucket(std::uint64_t hash) noexcept { return &cells_[hash % (cells_.size() / ways) * ways]; }

    std::size_t capacity_ = 0;
    std::uint64_t added_ = 0;
    std::vector<std::uint32_t> cells_ = std::vector<std::uint32_t>(ways);
};

}  // namespace larder::detail
