// SPDX-License-Identifier: MIT
// A cached value with what decides whether it may be served. An implementation detail of cache.hpp.
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

/// The state of a tag that a value was built under. Another number in the slot: the value is invalid.
struct tag_stamp {
    std::shared_ptr<tag_slot> slot;
    std::uint64_t number = 0;
};

/// What the entries of a region take in L1.
struct local_usage {
    std::atomic<std::uint64_t> entries = 0;
    std::atomic<std::uint64_t> bytes = 0;
    std::atomic<std::uint64_t> evicted = 0;
};

struct record {
    boot_time loaded_at{};                     ///< the load began
    boot_time fresh_until = boot_time::max();  ///< fresh until
    boot_time stale_until = boot_time::max();  ///< of any use until
    boot_time confirmed_until{};               ///< until then nobody's invalidation can have been missed for too long
    std::int64_t created = 0;                  ///< born, in ms of Redis's clock; 0: never was there
    std::uint32_t cost = 0;                    ///< of the load, us
    bool negative = false;
    bool storable = true;
    std::vector<tag_stamp> tags;
    std::uint64_t generation = 0;  ///< in which Redis was asked for it; 0: was not (see freshness.hpp)
    int channel = -1;              ///< by which Redis tells of changes (see freshness.hpp)
    mutable std::atomic<local_usage*> usage = nullptr;     ///< of its region, once it is in L1
    mutable std::atomic<bool> tracked = false;             ///< Redis has it, and tells when it changes
    mutable std::atomic<bool> refreshing = false;          ///< somebody is at it
    mutable std::atomic<boot_time> retry_at{boot_time{}};  ///< its load failed: not before
};

template <class V>
struct typed_record : record {
    V value{};
};

/// What can be done with a record of one type.
struct value_type {
    std::uint64_t schema;
    void (*encode)(const record&, std::string&);
    std::shared_ptr<record> (*decode)(std::string_view);  ///< null: the bytes are no such value
    std::size_t (*weigh)(const record&);
};

/// Beside a type of yours: `std::size_t cached_bytes(const my_type&)`, the bytes that it holds beside itself.
template <class T>
concept has_cached_bytes = requires(const T& v) {
    { cached_bytes(v) } -> std::convertible_to<std::size_t>;
};

/// Bytes that a value holds beside itself, about.
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

/// Beside a type of yours: `bool is_storable(const my_type&)`. False: the value is for those who wait for it, and for
/// nobody else.
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

/// What is kept of a field of type T while a load that owns it goes on: the text, not a view of it.
template <class T>
struct kept {
    static_assert(!std::is_pointer_v<T>, "a memoized function keeps its fields: take std::string, not a pointer");
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

// g++ 12 says of coroutine frames that hold a local lambda that they have no linkage, as if they were declared types.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsubobject-linkage"
#endif

/// Calls what takes the fields and returns a V or an awaitable of one.
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

/// Of a function that lives as long as the wait.
template <class V, class F>
class borrowed_loader final : public loader {
 public:
    explicit borrowed_loader(F& f) : f_{f} {}
    boost::asio::awaitable<std::shared_ptr<record>> load() override { return load_with<V>(f_); }

 private:
    F& f_;
};

/// Of a function that it keeps.
template <class V, class F>
class owned_loader final : public loader {
 public:
    explicit owned_loader(F f) : f_{std::move(f)} {}
    boost::asio::awaitable<std::shared_ptr<record>> load() override { return load_with<V>(f_); }

 private:
    F f_;
};

}  // namespace larder::detail
