// SPDX-License-Identifier: MIT
// Strict reading of JSON into described structs; see larder/json.hpp. Call read() for a document and from_text() for a
// single value of a query string. Nothing is coerced: 1.0 is not an integer, "1" is not a number. Every rejected field
// is reported with its path. The templates only build a table of function pointers for each type (detail::type_ops);
// the parser in src/json/reader.cpp works with these tables.
#pragma once

#include <boost/system/result.hpp>
#include <charconv>
#include <cmath>
#include <larder/json/kinds.hpp>
#include <larder/result.hpp>
#include <larder/rfc3339.hpp>
#include <limits>

namespace larder::json {

/// One rejected field. `code` is `unknown`, `missing`, `wrong_type`, `out_of_range` or `invalid`.
class field_problem {
 public:
    field_problem(std::string where, std::string_view what, std::string text)
        : path{std::move(where)}, code{what}, message{std::move(text)}
    {}
    std::string path;  ///< such as "author.name" or "tags[2]"; empty for the document itself
    std::string_view code;
    std::string message;
};

class read_failure {
 public:
    bool syntax = false;                ///< not JSON, too deep, invalid UTF-8, a NUL, or a duplicate member
    std::string detail;                 ///< for a syntax error: what is wrong, and where
    std::vector<field_problem> fields;  ///< at most 20
};

[[noreturn]] void throw_exception_from_error(const read_failure& f, const boost::source_location& where);

struct read_limits {
    std::size_t depth = 32;  ///< arrays and objects within each other; deeper ones are a syntax error
    bool nul = true;         ///< false: U+0000 anywhere is a syntax error; true: only a field that is read rejects it
};

/// Reads the whole text as one T. Members of type std::optional may be absent or null; all others are required, unless
/// T has `static constexpr bool json_defaults = true`. Unknown members are rejected.
template <class T>
boost::system::result<T, read_failure> read(std::string_view text, const read_limits& limits = read_limits{});

/// Reads one plain value as it appears in a query string: bool (1, 0, true, false), numbers, strings, described enums,
/// and optionals of these. A text that is not a T is errc::malformed.
template <class T>
result<T> from_text(std::string_view text);

namespace detail {

enum class value_error { none, wrong_type, out_of_range, invalid };

struct type_ops;
using ops_ref = const type_ops* (*)();

/// A member of an object: its address and how it is read.
struct member_ops {
    std::string_view name;
    ops_ref type = nullptr;
    void* (*get)(void* object) = nullptr;
    bool required = false;
};

/// How the reader fills a T of which it knows only the address. A null function means that a value of this kind has the
/// wrong type.
struct type_ops {
    std::string_view expected;  ///< for messages, such as "an integer"
    value_error (*set_bool)(void*, bool) = nullptr;
    value_error (*set_int)(void*, std::int64_t) = nullptr;
    value_error (*set_uint)(void*, std::uint64_t) = nullptr;  ///< only for values above the signed range
    value_error (*set_double)(void*, double) = nullptr;
    value_error (*set_text)(void*, std::string_view) = nullptr;
    void (*set_null)(void*) = nullptr;
    void* (*emplace)(void*) = nullptr;                   ///< optional: creates the value, which `inner` reads
    void* (*push)(void*) = nullptr;                      ///< array: adds an item, which `inner` reads
    void* (*at)(void*, std::string_view key) = nullptr;  ///< map: adds a value; returns null for a duplicate key
    ops_ref inner = nullptr;
    bool object = false;
    std::vector<member_ops> members;  ///< object: its members, at most 64
};

read_failure read_into(void* target, const type_ops& ops, std::string_view text, const read_limits& limits);
std::string list_words(const std::vector<std::string_view>& words);

template <class T>
const type_ops* ops_of();

template <class T>
value_error set_integer(void* p, std::int64_t v)
{
    if constexpr (std::is_unsigned_v<T>) {
        if (v < 0 || static_cast<std::uint64_t>(v) > std::numeric_limits<T>::max()) return value_error::out_of_range;
    } else {
        if (v < std::numeric_limits<T>::min() || v > std::numeric_limits<T>::max()) return value_error::out_of_range;
    }
    *static_cast<T*>(p) = static_cast<T>(v);
    return value_error::none;
}

template <class T>
value_error set_large_integer(void* p, std::uint64_t v)
{
    if constexpr (std::is_same_v<T, std::uint64_t>) {
        *static_cast<T*>(p) = v;
        return value_error::none;
    } else {
        return value_error::out_of_range;
    }
}

template <class T>
value_error set_string(void* p, std::string_view v)
{
    if constexpr (std::is_same_v<T, timestamp>) {
        const auto time = parse_rfc3339(v);
        if (!time) return value_error::invalid;
        *static_cast<T*>(p) = *time;
        return value_error::none;
    } else if constexpr (described_enum<T>) {
        return boost::describe::enum_from_string(std::string{v}.c_str(), *static_cast<T*>(p)) ? value_error::none
                                                                                              : value_error::invalid;
    } else {
        // SQL and C interfaces would cut a text at a NUL, so a NUL is rejected.
        if (v.find('\0') != std::string_view::npos) return value_error::invalid;
        static_cast<T*>(p)->assign(v);
        return value_error::none;
    }
}

template <class T>
void fill_members(type_ops& o)
{
    static_assert(boost::mp11::mp_size<members_of<T>>::value <= 64);
    boost::mp11::mp_for_each<members_of<T>>([&](auto m) {
        using pointer = decltype(m);
        using member = std::remove_cvref_t<decltype(std::declval<T&>().*pointer::pointer)>;
        o.members.push_back({pointer::name, &ops_of<member>,
                             [](void* p) -> void* { return &(static_cast<T*>(p)->*pointer::pointer); },
                             !is_optional<member> && !has_defaults<T>()});
    });
}

template <class T>
type_ops make_number_ops()
{
    type_ops o;
    if constexpr (std::is_integral_v<T>) {
        o.expected = "an integer";
        o.set_int = &set_integer<T>;
        o.set_uint = &set_large_integer<T>;
    } else {
        o.expected = "a number";
        o.set_int = [](void* p, std::int64_t v) {
            *static_cast<T*>(p) = static_cast<T>(v);
            return value_error::none;
        };
        o.set_uint = [](void* p, std::uint64_t v) {
            *static_cast<T*>(p) = static_cast<T>(v);
            return value_error::none;
        };
        o.set_double = [](void* p, double v) {
            if (!(std::abs(v) <= static_cast<double>(std::numeric_limits<T>::max()))) return value_error::out_of_range;
            *static_cast<T*>(p) = static_cast<T>(v);
            return value_error::none;
        };
    }
    return o;
}

inline type_ops make_id_ops()
{
    type_ops o;
    o.expected = "a string without NUL, or an integer";
    o.set_text = [](void* p, std::string_view v) {
        return set_string<std::string>(&static_cast<id_text*>(p)->text, v);
    };
    o.set_int = [](void* p, std::int64_t v) {
        static_cast<id_text*>(p)->text = std::to_string(v);
        return value_error::none;
    };
    o.set_uint = [](void* p, std::uint64_t v) {
        static_cast<id_text*>(p)->text = std::to_string(v);
        return value_error::none;
    };
    return o;
}

template <class T>
type_ops make_ops()
{
    type_ops o;
    if constexpr (std::is_same_v<T, bool>) {
        o.expected = "true or false";
        o.set_bool = [](void* p, bool v) {
            *static_cast<T*>(p) = v;
            return value_error::none;
        };
    } else if constexpr (std::is_arithmetic_v<T>) {
        o = make_number_ops<T>();
    } else if constexpr (std::is_same_v<T, id_text>) {
        o = make_id_ops();
    } else if constexpr (is_optional<T>) {
        o.set_null = [](void* p) { static_cast<T*>(p)->reset(); };
        o.emplace = [](void* p) -> void* { return &static_cast<T*>(p)->emplace(); };
        o.inner = &ops_of<typename T::value_type>;
    } else if constexpr (is_vector<T>) {
        o.expected = "an array";
        o.push = [](void* p) -> void* { return &static_cast<T*>(p)->emplace_back(); };
        o.inner = &ops_of<typename T::value_type>;
    } else if constexpr (is_map<T>) {
        o.expected = "an object";
        o.at = [](void* p, std::string_view key) -> void* {
            const auto [it, added] = static_cast<T*>(p)->try_emplace(std::string{key});
            return added ? &it->second : nullptr;
        };
        o.inner = &ops_of<typename T::mapped_type>;
    } else if constexpr (described_enum<T>) {
        std::vector<std::string_view> words;
        boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto e) { words.push_back(e.name); });
        static const std::string expected = list_words(words);
        o.expected = expected;
        o.set_text = &set_string<T>;
    } else if constexpr (std::is_same_v<T, timestamp>) {
        o.expected = "a time like 2026-11-20T08:30:00.000Z";
        o.set_text = &set_string<T>;
    } else if constexpr (std::is_same_v<T, std::string>) {
        o.expected = "a string without NUL";
        o.set_text = &set_string<T>;
    } else {
        static_assert(described_struct<T>,
                      "larder::json cannot read this type: describe it with BOOST_DESCRIBE_STRUCT");
        o.expected = "an object";
        o.object = true;
        fill_members<T>(o);
    }
    return o;
}

template <class T>
const type_ops* ops_of()
{
    static const type_ops ops = make_ops<T>();
    return &ops;
}

}  // namespace detail

template <class T>
boost::system::result<T, read_failure> read(std::string_view text, const read_limits& limits)
{
    T value{};
    auto failed = detail::read_into(&value, *detail::ops_of<T>(), text, limits);
    if (failed.syntax || !failed.fields.empty()) return {boost::system::in_place_error, std::move(failed)};
    return {boost::system::in_place_value, std::move(value)};
}

template <class T>
result<T> from_text(std::string_view text)
{
    T value{};
    bool valid = false;
    if constexpr (is_optional<T>) {
        auto inner = from_text<typename T::value_type>(text);
        valid = inner.has_value();
        if (valid) value = *std::move(inner);
    } else if constexpr (std::is_same_v<T, bool>) {
        value = text == "1" || text == "true";
        valid = value || text == "0" || text == "false";
    } else if constexpr (std::is_arithmetic_v<T>) {
        const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
        valid = ec == std::errc{} && end == text.data() + text.size();
    } else {
        valid = detail::set_string<T>(&value, text) == detail::value_error::none;
    }
    if (!valid) return {boost::system::in_place_error, make_error_code(errc::malformed)};
    return {boost::system::in_place_value, std::move(value)};
}

}  // namespace larder::json
