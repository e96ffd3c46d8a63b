// SPDX-License-Identifier: MIT
// A cached value together with the data that decides whether it may be served. An implementation detail of cache.hpp.
// `record` is the part without the value's type, typed_record<V> adds the value, value_type has the operations that
// depend on the type, and `loader` makes a record. A record's value and times do not change once it is in L1; the
// mutable members are only state of the cache.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <larder/codec.hpp>
#include <larder/region.hpp>
#include <memory>
#include <string>
#include <vector>

namespace larder::detail {

struct tag_slot;

/// The version of a tag when a value was loaded. If the slot now has another number, the value is invalid.
struct tag_stamp {
    std::shared_ptr<tag_slot> slot;
    std::uint64_t number = 0;
};

/// How much of L1 the entries of a region use.
struct local_usage {
    std::atomic<std::uint64_t> entries = 0;
    std::atomic<std::uint64_t> bytes = 0;
    std::atomic<std::uint64_t> evicted = 0;
};

struct record {
    boot_time loaded_at{};                     ///< when the load began
    boot_time fresh_until = boot_time::max();  ///< end of the TTL
    boot_time stale_until = boot_time::max();  ///< until then it may be served stale
    boot_time confirmed_until{};               ///< until then it may be served without tracking (see freshness.hpp)
    std::int64_t created = 0;                  ///< when the load began, ms of Redis's clock; 0: never in Redis
    std::uint32_t cost = 0;                    ///< duration of the load, us
    bool negative = false;
    bool storable = true;
    std::vector<tag_stamp> tags;
    std::uint64_t generation = 0;  ///< tracking generation it was requested in; 0: not from Redis (see freshness.hpp)
    int channel = -1;              ///< connection on which its invalidations arrive (see freshness.hpp)
    mutable std::atomic<local_usage*> usage = nullptr;     ///< usage of its region, set when it enters L1
    mutable std::atomic<bool> tracked = false;             ///< Redis pushes an invalidation when it changes
    mutable std::atomic<bool> refreshing = false;          ///< a refresh is in progress
    mutable std::atomic<boot_time> retry_at{boot_time{}};  ///< the load failed; do not retry before
};

template <class V>
struct typed_record : record {
    V value{};
};

/// The operations on records of one value type.
struct value_type {
    std::uint64_t schema;
    void (*encode)(const record&, std::string&);
    std::shared_ptr<record> (*decode)(std::string_view);  ///< null: the bytes do not encode such a value
    std::size_t (*weigh)(const record&);
};

/// A type may declare `std::size_t cached_bytes(const my_type&)` in its namespace: the bytes that a value holds beyond
/// its sizeof.
template <class T>
concept has_cached_bytes = requires(const T& v) {
    { cached_bytes(v) } -> std::convertible_to<std::size_t>;
};

/// Estimates the bytes that a value holds beyond its sizeof.
template <class T>
std::size_t heap_bytes(const T& v)
{
    if constexpr (has_cached_bytes<T>) {
        return cached_bytes(v);
    } else if constexpr (std::is_same_v<T, std::string>) {
        return v.capacity() > 15 ? v.capacity() + 1 : 0;
    } else if constexpr (fixed_described<T>) {
        std::size_t n = 0;
        boost::mp11::mp_for_each<all_members<T>>([&](auto member) { n += heap_bytes(v.*member.pointer); });
        return n;
    } else if constexpr (optional_value<T>) {
        return v.has_value() ? heap_bytes(*v) : 0;
    } else if constexpr (mapping<T>) {
        std::size_t n = 0;
        for (const auto& [k, m] : v) n += sizeof(k) + sizeof(m) + 48 + heap_bytes(k) + heap_bytes(m);
        return n;
    } else if constexpr (sequence<T>) {
        std::size_t n = 0;
        for (const auto& item : v)
            n += sizeof(typename T::value_type) + heap_bytes(static_cast<const typename T::value_type&>(item));
        return n;
    } else {
        return 0;
    }
}

template <class V>
bool is_negative(const V& v)
{
    if constexpr (optional_value<V>) return !v.has_value();
    return false;
}

/// A type may declare `bool is_storable(const my_type&)` in its namespace. If it returns false, the value goes to the
/// callers that wait for the load and is not stored.
template <class T>
concept has_is_storable = requires(const T& v) {
    { is_storable(v) } -> std::convertible_to<bool>;
};

template <class V>
std::shared_ptr<record> make_record(V&& value)
{
    using type = std::remove_cvref_t<V>;
    auto r = std::make_shared<typed_record<type>>();
    r->value = std::forward<V>(value);
    r->negative = is_negative(r->value);
    if constexpr (has_is_storable<type>) r->storable = is_storable(r->value);
    return r;
}

template <class V>
const V& value_of(const record& r) noexcept
{
    return static_cast<const typed_record<V>&>(r).value;
}

template <class V>
inline constexpr value_type type_of{
    codec<V>::schema, [](const record& r, std::string& out) { codec<V>::encode(value_of<V>(r), out); },
    [](std::string_view in) -> std::shared_ptr<record> {
        auto r = std::make_shared<typed_record<V>>();
        if (!codec<V>::decode(in, r->value)) return nullptr;
        r->negative = is_negative(r->value);
        return r;
    },
    [](const record& r) { return sizeof(typed_record<V>) + heap_bytes(value_of<V>(r)); }};

/// Makes the value of one entry.
class loader {
 public:
    virtual ~loader() = default;
    virtual boost::asio::awaitable<std::shared_ptr<record>> load() = 0;
};

template <class T>
struct awaited {
    using type = T;
};
template <class T>
struct awaited<boost::asio::awaitable<T>> {
    using type = T;
};

/// The type in which a key field of type T is stored for the duration of an owned load: std::string for a view.
template <class T>
struct kept {
    static_assert(!std::is_pointer_v<T>, "a memoized function stores its fields: use std::string, not a pointer");
    using type = T;
};
template <>
struct kept<std::string_view> {
    using type = std::string;
};
template <class T>
struct kept<std::optional<T>> {
    using type = std::optional<typename kept<T>::type>;
};
template <class T>
using kept_t = typename kept<T>::type;

// g++ 12 warns that coroutine frames that hold a local lambda have no linkage, as if they were declared types.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsubobject-linkage"
#endif

/// Calls f with the fields; f returns a V, an awaitable of a V, or an awaitable of a record.
template <class V, class... Fields, class F>
boost::asio::awaitable<std::shared_ptr<record>> load_with(F& f, const kept_t<Fields>&... fields)
{
    using result = std::invoke_result_t<F&, const Fields&...>;
    if constexpr (std::is_same_v<result, boost::asio::awaitable<std::shared_ptr<record>>>) {
        co_return co_await f(static_cast<const Fields&>(fields)...);
    } else if constexpr (std::is_same_v<result, typename awaited<result>::type>) {
        co_return make_record(V(f(static_cast<const Fields&>(fields)...)));
    } else {
        V value = co_await f(static_cast<const Fields&>(fields)...);
        co_return make_record(std::move(value));
    }
}

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

/// Refers to a function that lives at least as long as the caller waits.
template <class V, class F>
class borrowed_loader final : public loader {
 public:
    explicit borrowed_loader(F& f) : f_{f} {}
    boost::asio::awaitable<std::shared_ptr<record>> load() override { return load_with<V>(f_); }

 private:
    F& f_;
};

/// Holds its function.
template <class V, class F>
class owned_loader final : public loader {
 public:
    explicit owned_loader(F f) : f_{std::move(f)} {}
    boost::asio::awaitable<std::shared_ptr<record>> load() override { return load_with<V>(f_); }

 private:
    F f_;
};

}  // namespace larder::detail
