// SPDX-License-Identifier: MIT
// Converts replies to C++ values; decode() is the entry point. Supported types:
//
//     std::string, integers, double, bool           OK is true, null and 0 are false
//     std::optional<T>                              null is nullopt; for a described struct, an empty hash is, too
//     vector, set, deque, list...                   arrays, sets and pushes
//     map, unordered_map, vector<pair<K, V>>        RESP3 maps, RESP2's flat arrays, arrays of pairs
//     pair, tuple                                   arrays of exactly that length
//     a struct known to Boost.Describe              a hash, with fields by name; only optionals may be missing
//     reply<T>                                      for errors inside an array (EXEC)
//
// Decoding never reads beyond its own reply, so a reply of the wrong type does not affect other commands.
#pragma once

#include <boost/describe/members.hpp>
#include <boost/mp11/algorithm.hpp>
#include <concepts>
#include <larder/redis/outcome.hpp>
#include <larder/resp.hpp>
#include <larder/result.hpp>
#include <optional>
#include <ranges>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace larder::redis {

/// Returns false if the reply is not a T; `out` is then in an unspecified state.
template <class T>
bool decode(const resp::value& from, T& out);

namespace detail {

template <class T>
struct is_reply : std::false_type {};
template <class T>
struct is_reply<reply<T>> : std::true_type {};

template <class T>
concept tuple_like = requires { std::tuple_size<T>::value; };
template <class T>
concept map_like = requires { typename T::mapped_type; };
template <class T>
concept pair_like = tuple_like<T> && std::tuple_size_v<T> == 2;
template <class T>
concept optional_like = requires(const T& t) {
    t.has_value();
    typename T::value_type;
} && !is_reply<T>::value;

/// Makes an error from an error reply.
error refusal(const resp::value& reply);
/// The error for a reply that is not of the requested type.
error wrong_type();

bool decode_text(const resp::value& from, std::string& out);
bool decode_bool(const resp::value& from, bool& out);

template <class T>
bool decode_integer(const resp::value& from, T& out)
{
    const auto n = from.integer();
    if (!n || !std::in_range<T>(*n)) return false;
    out = static_cast<T>(*n);
    return true;
}

template <class Tuple, std::size_t... I>
bool decode_tuple(const resp::value& from, Tuple& out, std::index_sequence<I...>)
{
    if (!from.is_aggregate() || from.size() != sizeof...(I)) return false;
    auto it = from.begin();
    const auto next = [&](auto& part) {
        const bool fits = decode(*it, part);
        ++it;
        return fits;
    };
    return (next(std::get<I>(out)) && ...);
}

/// Calls add(key, value) for each pair of a map, a flat array or an array of pairs.
template <class Add>
bool for_each_pair(const resp::value& from, Add add)
{
    if (!from.is_aggregate()) return false;
    const bool nested = from.type() != resp::kind::map && from.size() > 0 && from.child(0).is_aggregate();
    if (!nested && from.size() % 2 != 0) return false;
    for (auto it = from.begin(); it != from.end(); ++it) {
        if (nested) {
            if (it->size() != 2 || !add(it->child(0), it->child(1))) return false;
        } else {
            const auto key = *it;
            if (!add(key, *++it)) return false;
        }
    }
    return true;
}

template <class Map>
bool decode_map(const resp::value& from, Map& out)
{
    out.clear();
    return for_each_pair(from, [&](const resp::value& k, const resp::value& v) {
        typename Map::key_type key{};
        typename Map::mapped_type value{};
        if (!decode(k, key) || !decode(v, value)) return false;
        out.insert_or_assign(std::move(key), std::move(value));
        return true;
    });
}

template <class Range>
bool decode_range(const resp::value& from, Range& out)
{
    using item = typename Range::value_type;
    out.clear();
    const auto add = [&](item&& i) { out.insert(out.end(), std::move(i)); };
    if constexpr (pair_like<item>) {
        return for_each_pair(from, [&](const resp::value& k, const resp::value& v) {
            item i{};
            if (!decode(k, std::get<0>(i)) || !decode(v, std::get<1>(i))) return false;
            add(std::move(i));
            return true;
        });
    } else {
        if (!from.is_aggregate()) return false;
        for (const auto& part : from) {
            item i{};
            if (!decode(part, i)) return false;
            add(std::move(i));
        }
        return true;
    }
}

template <class T>
bool decode_struct(const resp::value& from, T& out)
{
    using members = boost::describe::describe_members<T, boost::describe::mod_public>;
    bool all = true;
    std::uint64_t seen = 0;
    static_assert(boost::mp11::mp_size<members>::value <= 64);
    const bool pairs = for_each_pair(from, [&](const resp::value& k, const resp::value& v) {
        std::size_t i = 0;
        boost::mp11::mp_for_each<members>([&](auto member) {
            if (k.text() == member.name) {
                seen |= std::uint64_t{1} << i;
                all = all && decode(v, out.*member.pointer);
            }
            ++i;
        });
        return all;
    });
    std::size_t i = 0;
    boost::mp11::mp_for_each<members>([&](auto member) {
        using type = std::remove_cvref_t<decltype(out.*member.pointer)>;
        if (!optional_like<type> && (seen >> i & 1) == 0) all = false;
        ++i;
    });
    return pairs && all;
}

}  // namespace detail

template <class T>
bool decode(const resp::value& from, T& out)
{
    if constexpr (detail::is_reply<T>::value) {
        if (from.is_error()) {
            out = detail::refusal(from);
            return true;
        }
        typename T::value_type value{};
        if (!decode(from, value)) return false;
        out = std::move(value);
        return true;
    } else if constexpr (detail::optional_like<T>) {
        using inner = typename T::value_type;
        const bool empty_hash =
            boost::describe::has_describe_members<inner>::value && from.is_aggregate() && from.size() == 0;
        if (from.is_null() || empty_hash) {
            out.reset();
            return true;
        }
        return decode(from, out.emplace());
    } else if constexpr (std::is_same_v<T, std::monostate>) {
        return !from.is_error();
    } else if constexpr (std::is_same_v<T, bool>) {
        return detail::decode_bool(from, out);
    } else if constexpr (std::is_same_v<T, std::string>) {
        return detail::decode_text(from, out);
    } else if constexpr (std::integral<T>) {
        return detail::decode_integer(from, out);
    } else if constexpr (std::floating_point<T>) {
        const auto n = from.number();
        if (n) out = static_cast<T>(*n);
        return n.has_value();
    } else if constexpr (boost::describe::has_describe_members<T>::value) {
        return detail::decode_struct(from, out);
    } else if constexpr (detail::tuple_like<T>) {
        return detail::decode_tuple(from, out, std::make_index_sequence<std::tuple_size_v<T>>{});
    } else if constexpr (detail::map_like<T>) {
        return detail::decode_map(from, out);
    } else {
        return detail::decode_range(from, out);
    }
}

namespace detail {

/// Converts the reply to one command. An error reply and a reply that is not a T become errors; void accepts any other
/// reply.
template <class T>
reply<T> to_reply(const resp::value& from)
{
    if (from.is_error()) return reply<T>{boost::system::in_place_error, refusal(from)};
    if constexpr (std::is_void_v<T>) {
        return {};
    } else {
        T value{};
        if (!decode(from, value)) return reply<T>{boost::system::in_place_error, wrong_type()};
        return reply<T>{boost::system::in_place_value, std::move(value)};
    }
}

}  // namespace detail
}  // namespace larder::redis
