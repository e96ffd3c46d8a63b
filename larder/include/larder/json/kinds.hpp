// SPDX-License-Identifier: MIT
// How C++ types map to kinds of JSON values: the concepts and type traits that write.hpp, read.hpp and schema.hpp
// share. Also the two special types raw_json and id_text.
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

/// Text that already is JSON; written unchanged.
struct raw_json {
    std::string text;
};

/// An identifier that clients may send as a string or as an integer, `"7"` or `7`. Stored and written as a string.
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

/// The public members of T, those of base classes first.
template <class T>
using members_of = boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;

/// Whether T has `static constexpr bool json_defaults = true`: its members may be absent and then keep their
/// initialisers.
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
