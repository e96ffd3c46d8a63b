// SPDX-License-Identifier: MIT
// A cache in this process (L1), shared by all threads and bounded in bytes. A hit takes no lock and allocates nothing;
// hits write to an entry at most three times while it is cached. Eviction is S3-FIFO: entries that are used only once
// are evicted early, so a scan does not displace the others.
//
//     local_cache<profile> profiles{{.capacity = 64 << 20}};
//     profiles.set("user:42", std::make_shared<profile>(...), {.ttl = 5min});
//     if (auto p = profiles.get("user:42")) ...
//
// Thread-safe. An expired entry is never returned; its memory is freed when eviction reaches it, so nothing scans for
// expired entries.
// Source: J. Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <larder/capped.hpp>
#include <larder/clock.hpp>
#include <memory>
#include <string_view>

namespace larder {

enum class removal_cause : std::uint8_t {
    evicted,   ///< to make room
    expired,   ///< evicted or replaced after its TTL
    replaced,  ///< by a set() of the same key
    removed,   ///< by remove()
    cleared,   ///< by clear()
};

/// An entry that is inserted or removed. The views are valid during the call.
struct local_entry {
    std::string_view key;
    const std::shared_ptr<const void>& value;
    std::size_t weight = 0;  ///< bytes, including the overhead of an entry
};

struct local_cache_options {
    std::size_t capacity = std::size_t{64} << 20;  ///< bytes of keys, value weights and entry overhead
    std::size_t shards = 0;                        ///< rounded up to a power of two; 0: 4 per core; 1: best hit ratio
    std::uint64_t seed = 0;                        ///< seed of the hash; 0: random
    double ttl_jitter = 0.05;                      ///< each TTL is shortened at random by up to this fraction
    const clock* time = nullptr;                   ///< null: the system clock, accurate to a few milliseconds
    bool count_entries = false;                    ///< every entry weighs 1; for simulations
    // Both are called while the shard's lock is held, so they must be quick.
    std::function<void(const local_entry&)> on_insertion{};
    std::function<void(const local_entry&, removal_cause)> on_removal{};
};

struct entry_options {
    capped_milliseconds ttl{0};  ///< 0: no expiry, kept until evicted
    std::size_t weight = 0;      ///< bytes of the value; 0: sizeof(T)
};

struct local_cache_stats {
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    std::uint64_t sets = 0;
    std::uint64_t rejected = 0;      ///< heavier than the capacity of a shard
    std::uint64_t removals[5] = {};  ///< indexed by removal_cause
    std::size_t entries = 0;
    std::size_t bytes = 0;
};

namespace detail {

/// The implementation, independent of the value type.
class local_store {
 public:
    explicit local_store(const local_cache_options& o);
    ~local_store();

    /// Calls found(state, value) inside an epoch guard. A function pointer with its state needs no allocation.
    using visitor = void (*)(void* state, const std::shared_ptr<const void>& value);
    bool find(std::string_view key, visitor found, void* state) const;
    bool set(std::string_view key, std::shared_ptr<const void> value, const entry_options& o, std::size_t weight);
    bool remove(std::string_view key);
    void clear();
    void for_each_key(const std::function<void(std::string_view)>& f) const;
    local_cache_stats stats() const;

 private:
    struct shared;
    std::unique_ptr<shared> shared_;
};

}  // namespace detail

template <class T>
class local_cache {
 public:
    explicit local_cache(const local_cache_options& o = {}) : store_{o} {}

    /// Returns nullptr if the entry is absent or expired.
    std::shared_ptr<const T> get(std::string_view key) const
    {
        std::shared_ptr<const T> out;
        with_pointer(key, [&](const std::shared_ptr<const void>& v) { out = std::static_pointer_cast<const T>(v); });
        return out;
    }

    /// On a hit, calls f(const T&) without touching the value's reference count, and returns true. `f` must not suspend
    /// or block.
    template <class F>
    bool with(std::string_view key, F&& f) const
    {
        return with_pointer(key, [&](const std::shared_ptr<const void>& v) { f(*static_cast<const T*>(v.get())); });
    }

    /// Returns false if the entry is too heavy and was not stored; an older value of the key is removed in any case.
    bool set(std::string_view key, std::shared_ptr<const T> value, const entry_options& o = {})
    {
        return store_.set(key, std::move(value), o, o.weight != 0 ? o.weight : sizeof(T));
    }
    bool remove(std::string_view key) { return store_.remove(key); }
    void clear() { store_.clear(); }
    /// Calls f(key) for each entry, including expired ones, while holding the lock of the entry's shard; `f` must not
    /// call the cache.
    void for_each_key(const std::function<void(std::string_view)>& f) const { store_.for_each_key(f); }
    local_cache_stats stats() const { return store_.stats(); }

 private:
    template <class F>
    bool with_pointer(std::string_view key, F f) const
    {
        return store_.find(
            key, [](void* state, const std::shared_ptr<const void>& v) { (*static_cast<F*>(state))(v); }, &f);
    }

    detail::local_store store_;
};

}  // namespace larder
