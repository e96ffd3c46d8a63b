// SPDX-License-Identifier: MIT
// What reads of the cache return: cached<V>, which is a value, and lookup<V>, which may be a miss. They are two types
// so that nothing but a lookup can be tested: `if (flag)` with a cached<bool> asks for the flag.
#pragma once

#include <chrono>
#include <larder/cache/record.hpp>
#include <memory>
#include <string_view>
#include <utility>

namespace larder {

/// Where a value came from.
enum class cache_status : std::uint8_t {
    hit_local,   ///< L1
    hit_shared,  ///< Redis
    loaded,      ///< by the loader of this call, or of one that was under way
    refused,     ///< the same, and kept nowhere: invalidated meanwhile, too big, or not to be stored
    stale,       ///< past its TTL: it is being loaded anew, or that failed
    bypassed,    ///< the loader ran and nothing was stored: inside another load, or after close()
    missed,      ///< of a lookup only
};
std::string_view to_string(cache_status s) noexcept;

namespace detail {

/// A value that stays alive and unchanged as long as this does. All but status() require that there is one.
template <class V>
class shared_value {
 public:
    const V& operator*() const noexcept { return value_of<V>(*record_); }
    const V* operator->() const noexcept { return &**this; }
    /// The value with a share in its life.
    std::shared_ptr<const V> share() const { return {record_, &**this}; }

    cache_status status() const noexcept { return status_; }
    bool negative() const noexcept { return record_->negative; }
    /// How long ago its load began, and what is left of its TTL (below zero when it is stale).
    std::chrono::milliseconds age() const { return since(record_->loaded_at); }
    std::chrono::milliseconds ttl() const { return -since(record_->fresh_until); }

 protected:
    shared_value() = default;
    shared_value(std::shared_ptr<const record> r, cache_status s) : record_{std::move(r)}, status_{s} {}
    bool has_value() const noexcept { return record_ != nullptr; }

 private:
    static std::chrono::milliseconds since(boot_time t)
    {
        return std::chrono::duration_cast<std::chrono::milliseconds>(system_clock().steady() - t);
    }

    std::shared_ptr<const record> record_;
    cache_status status_ = cache_status::missed;
};

}  // namespace detail

/// A value from the cache or its loader. It converts to the value and cannot be tested.
template <class V>
class [[nodiscard]] cached : public detail::shared_value<V> {
 public:
    /// Holds no value and may only be assigned to: for variables and co_spawn().
    cached() = default;
    cached(std::shared_ptr<const detail::record> r, cache_status s) : detail::shared_value<V>{std::move(r), s} {}
    operator const V&() const noexcept { return **this; }
};

/// A value that the cache had, or a miss. It can be tested and does not convert to the value.
template <class V>
class [[nodiscard]] lookup : public detail::shared_value<V> {
 public:
    /// A miss.
    lookup() = default;
    lookup(std::shared_ptr<const detail::record> r, cache_status s) : detail::shared_value<V>{std::move(r), s} {}
    explicit operator bool() const noexcept { return this->has_value(); }
};

}  // namespace larder
