// SPDX-License-Identifier: MIT
// How cached values are encoded as bytes for Redis. The entry point is codec<T>, at the end of this file.
//
//     struct profile { std::int64_t id; std::string name; };
//     BOOST_DESCRIBE_STRUCT(profile, (), (id, name))          // this is enough for the compact binary form
//     template <> struct larder::codec<profile> : larder::json_codec<profile> {};      // or JSON, for other languages
//
// A std::string is stored unchanged. In the binary form, integers are zigzag varints, strings and ranges are prefixed
// with their length, an optional is prefixed with one byte, and described structs are their members in order;
// docs/formats/envelope.md specifies the bytes. Every type has a schema id, a hash of its members' names and types. An
// entry with another schema id is treated as a miss and never decoded.
#pragma once

#include <bit>
#include <boost/describe/enumerators.hpp>
#include <boost/mp11/algorithm.hpp>
#include <cstdint>
#include <cstring>
#include <larder/fnv.hpp>
#include <larder/json.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace larder {

namespace detail {

template <class T>
concept fixed_described = boost::describe::has_describe_members<T>::value;
template <class T>
concept optional_value = requires(T t) {
    t.emplace();
    t.has_value();
    t.reset();
};
template <class T>
concept mapping = requires { typename T::mapped_type; };
template <class T>
concept sequence = requires(T t) {
    t.push_back(typename T::value_type{});
    t.begin();
};
template <class T>
concept tuple_value = requires { std::tuple_size<T>::value; };

template <class T>
using all_members = boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;

template <class T>
constexpr std::uint64_t schema_of(std::uint64_t h);

template <class... T>
constexpr std::uint64_t schema_of_parts(std::uint64_t h, const std::tuple<T...>*)
{
    ((h = schema_of<T>(h)), ...);
    return h;
}
template <class A, class B>
constexpr std::uint64_t schema_of_parts(std::uint64_t h, const std::pair<A, B>*)
{
    return schema_of<B>(schema_of<A>(h));
}

template <class T>
constexpr std::uint64_t schema_of_members(std::uint64_t h)
{
    boost::mp11::mp_for_each<all_members<T>>([&](auto member) {
        h = fnv1a(member.name, h);
        h = schema_of<std::remove_cvref_t<decltype(std::declval<T&>().*member.pointer)>>(h);
    });
    return fnv1a("}", h);
}

template <class T>
constexpr std::uint64_t schema_of(std::uint64_t h)
{
    if constexpr (std::is_same_v<T, bool>) {
        return fnv1a("bool;", h);
    } else if constexpr (std::is_enum_v<T> || std::is_integral_v<T>) {
        return fnv1a("int;", h);  // the same for every width; decoding rejects a value that does not fit
    } else if constexpr (std::is_floating_point_v<T>) {
        return fnv1a("double;", h);
    } else if constexpr (std::is_same_v<T, std::string>) {
        return fnv1a("text;", h);
    } else if constexpr (std::is_same_v<T, timestamp>) {
        return fnv1a("time;", h);
    } else if constexpr (fixed_described<T>) {
        return schema_of_members<T>(fnv1a("{", h));
    } else if constexpr (optional_value<T>) {
        return schema_of<typename T::value_type>(fnv1a("optional ", h));
    } else if constexpr (mapping<T>) {
        return schema_of<typename T::mapped_type>(schema_of<typename T::key_type>(fnv1a("map ", h)));
    } else if constexpr (sequence<T>) {
        return schema_of<typename T::value_type>(fnv1a("list ", h));
    } else {
        static_assert(tuple_value<T>, "no larder::codec for this type");
        return schema_of_parts(fnv1a("(", h), static_cast<const T*>(nullptr));
    }
}

void put_varint(std::string& out, std::uint64_t v);
/// Both remove what they read from the front of `in`. They return false if `in` does not hold a complete value.
bool take_varint(std::string_view& in, std::uint64_t& v) noexcept;
bool take_bytes(std::string_view& in, std::size_t n, std::string_view& out) noexcept;

constexpr std::uint64_t zigzag(std::int64_t v) noexcept
{
    return static_cast<std::uint64_t>(v) << 1 ^ static_cast<std::uint64_t>(v >> 63);
}
constexpr std::int64_t unzigzag(std::uint64_t v) noexcept { return static_cast<std::int64_t>(v >> 1 ^ (~(v & 1) + 1)); }

template <class T>
void put(std::string& out, const T& v)
{
    if constexpr (std::is_same_v<T, bool>) {
        out += v ? '\1' : '\0';
    } else if constexpr (std::is_enum_v<T>) {
        put(out, static_cast<std::underlying_type_t<T>>(v));
    } else if constexpr (std::is_integral_v<T>) {
        put_varint(out, std::is_signed_v<T> ? zigzag(static_cast<std::int64_t>(v)) : static_cast<std::uint64_t>(v));
    } else if constexpr (std::is_floating_point_v<T>) {
        const auto bits = std::bit_cast<std::uint64_t>(static_cast<double>(v));
        for (int i = 0; i < 8; ++i) out += static_cast<char>(bits >> 8 * i);
    } else if constexpr (std::is_same_v<T, std::string>) {
        put_varint(out, v.size());
        out += v;
    } else if constexpr (std::is_same_v<T, timestamp>) {
        put(out, static_cast<std::int64_t>(v.time_since_epoch().count()));
    } else if constexpr (fixed_described<T>) {
        boost::mp11::mp_for_each<all_members<T>>([&](auto member) { put(out, v.*member.pointer); });
    } else if constexpr (optional_value<T>) {
        put(out, v.has_value());
        if (v.has_value()) put(out, *v);
    } else if constexpr (mapping<T> || sequence<T>) {
        put_varint(out, v.size());
        for (const auto& item : v) put(out, static_cast<const typename T::value_type&>(item));
    } else {
        std::apply([&](const auto&... parts) { (put(out, parts), ...); }, v);
    }
}

template <class T>
bool take_number(std::string_view& in, T& v)
{
    std::uint64_t n = 0;
    if (!take_varint(in, n)) return false;
    if constexpr (std::is_signed_v<T>) {
        const auto s = unzigzag(n);
        v = static_cast<T>(s);
        return static_cast<std::int64_t>(v) == s;
    } else {
        v = static_cast<T>(n);
        return static_cast<std::uint64_t>(v) == n;
    }
}

template <class T>
bool take(std::string_view& in, T& v);

template <class T>
bool take_items(std::string_view& in, T& v)
{
    std::uint64_t n = 0;
    if (!take_varint(in, n) || n > in.size()) return false;  // an item has at least one byte
    v.clear();
    for (; n > 0; --n) {
        if constexpr (mapping<T>) {
            typename T::key_type key{};
            typename T::mapped_type value{};
            if (!take(in, key) || !take(in, value)) return false;
            v.insert_or_assign(std::move(key), std::move(value));
        } else {
            typename T::value_type item{};
            if (!take(in, item)) return false;
            v.push_back(std::move(item));
        }
    }
    return true;
}

template <class T>
bool take(std::string_view& in, T& v)
{
    if constexpr (std::is_same_v<T, bool>) {
        std::string_view byte;
        if (!take_bytes(in, 1, byte) || static_cast<unsigned char>(byte[0]) > 1) return false;
        v = byte[0] == 1;
        return true;
    } else if constexpr (std::is_enum_v<T>) {
        std::underlying_type_t<T> n{};
        if (!take(in, n)) return false;
        v = static_cast<T>(n);
        return true;
    } else if constexpr (std::is_integral_v<T>) {
        return take_number(in, v);
    } else if constexpr (std::is_floating_point_v<T>) {
        std::string_view bytes;
        if (!take_bytes(in, 8, bytes)) return false;
        std::uint64_t bits = 0;
        for (std::size_t i = 0; i < 8; ++i) bits |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << 8 * i;
        v = static_cast<T>(std::bit_cast<double>(bits));
        return true;
    } else if constexpr (std::is_same_v<T, std::string>) {
        std::uint64_t n = 0;
        std::string_view bytes;
        if (!take_varint(in, n) || !take_bytes(in, n, bytes)) return false;
        v = bytes;
        return true;
    } else if constexpr (std::is_same_v<T, timestamp>) {
        std::int64_t ms = 0;
        if (!take(in, ms)) return false;
        v = timestamp{std::chrono::milliseconds{ms}};
        return true;
    } else if constexpr (fixed_described<T>) {
        bool good = true;
        boost::mp11::mp_for_each<all_members<T>>([&](auto m) { good = good && take(in, v.*m.pointer); });
        return good;
    } else if constexpr (optional_value<T>) {
        bool has = false;
        v.reset();
        return take(in, has) && (!has || take(in, v.emplace()));
    } else if constexpr (mapping<T> || sequence<T>) {
        return take_items(in, v);
    } else {
        return std::apply([&](auto&... parts) { return (take(in, parts) && ...); }, v);
    }
}

}  // namespace detail

/// The compact binary form.
template <class T>
struct codec {
    static constexpr std::uint64_t schema = detail::schema_of<T>(fnv1a("larder 1 "));
    static void encode(const T& v, std::string& out) { detail::put(out, v); }
    /// Returns false if the bytes do not encode a T. Requires: `out` is a default-constructed T.
    static bool decode(std::string_view in, T& out) { return detail::take(in, out) && in.empty(); }
};

template <>
struct codec<std::string> {
    static constexpr std::uint64_t schema = fnv1a("bytes");
    static void encode(const std::string& v, std::string& out) { out += v; }
    static bool decode(std::string_view in, std::string& out)
    {
        out = in;
        return true;
    }
};

/// Encodes values as JSON, by larder/json.hpp.
template <class T>
struct json_codec {
    static constexpr std::uint64_t schema = detail::schema_of<T>(fnv1a("json "));
    static void encode(const T& v, std::string& out) { json::append(out, v); }
    static bool decode(std::string_view in, T& out)
    {
        auto read = json::read<T>(in);
        if (!read) return false;
        out = *std::move(read);
        return true;
    }
};

}  // namespace larder
