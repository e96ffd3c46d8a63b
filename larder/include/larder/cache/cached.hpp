// SPDX-License-Identifier: MIT
// The results of cache reads: cached<V> always holds a value and converts to it; lookup<V> may be a miss and is tested
// with `if`. They are two types so that `if (flag)` on a cached<bool> tests the cached bool itself, not whether there
// is a value. Both keep their value alive and unchanged. detail::shared_value has what they have in common.
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
    loaded,      ///< made by the loader of this call, or by a load that was already running
    refused,     ///< loaded but not stored: invalidated meanwhile, too big, or not storable
    stale,       ///< past its TTL; it is being reloaded, or the reload failed
    bypassed,    ///< loaded without the cache: inside another load, or after close()
    missed,      ///< no value; only in a lookup
};
std::string_view to_string(cache_status s) noexcept;

namespace detail {

/// Shares ownership of an immutable value. All members except status() require that there is a value.
template <class V>
class shared_value {
 public:
    const V& operator*() const noexcept { return value_of<V>(*record_); }
    const V* operator->() const noexcept { return &**this; }
    /// Returns a pointer that keeps the value alive.
    std::shared_ptr<const V> share() const { return {record_, &**this}; }

    cache_status status() const noexcept { return status_; }
    bool negative() const noexcept { return record_->negative; }
    /// age(): time since the load began. ttl(): what is left of the TTL; negative when the value is stale.
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

/// A value from the cache or its loader. Converts to the value; is not testable with `if`.
template <class V>
class [[nodiscard]] cached : public detail::shared_value<V> {
 public:
    /// Holds no value; it may only be assigned to. Needed for variables and for co_spawn().
    cached() = default;
    cached(std::shared_ptr<const detail::record> r, cache_status s) : detail::shared_value<V>{std::move(r), s} {}
    operator const V&() const noexcept { return **this; }
};

/// A value that was in the cache, or a miss. Testable with `if`; does not convert to the value.
template <class V>
class [[nodiscard]] lookup : public detail::shared_value<V> {
 public:
    /// A miss.
    lookup() = default;
    lookup(std::shared_ptr<const detail::record> r, cache_status s) : detail::shared_value<V>{std::move(r), s} {}
    explicit operator bool() const noexcept { return this->has_value(); }
};

}  // namespace larder
