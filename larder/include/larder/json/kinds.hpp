// SPDX-License-Identifier: MIT
// How a type looks in JSON; what writing, reading and schemas share.
#pragma once

#include <boost/describe.hpp>
#include <boost/mp11.hpp>
#include <larder/clock.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace larder::json {

/// Text that is JSON already; written as it is.
struct raw_json {
    std::string text;
};

/// An identifier that clients write as a string or as an integer, `"7"` or `7`; kept and written as a string.
struct id_text {
    std::string text;
};

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;
template <class T>
inline constexpr bool is_map = false;
template <class T>
inline constexpr bool is_map<std::map<std::string, T, std::less<>>> = true;
template <class T>
inline constexpr bool is_map<std::map<std::string, T>> = true;

template <class T>
concept text = std::is_convertible_v<const T&, std::string_view>;
template <class T>
concept described_struct = boost::describe::has_describe_members<T>::value && !std::is_union_v<T>;
template <class T>
concept described_enum = boost::describe::has_describe_enumerators<T>::value;

/// Public members, those of bases first.
template <class T>
using members_of = boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;

/// A struct with `static constexpr bool json_defaults = true` keeps its initialisers for members that are absent.
template <class T>
constexpr bool has_defaults()
{
    if constexpr (requires { T::json_defaults; }) {
        return T::json_defaults;
    } else {
        return false;
    }
}

}  // namespace larder::json
