// SPDX-License-Identifier: MIT
// Writing JSON directly into a string; see larder/json.hpp. append() is the entry point; the names of a struct's
// members, with quotes and commas, are constants made at compile time (detail::key). Output is always valid UTF-8.
#pragma once

#include <array>
#include <charconv>
#include <larder/json/kinds.hpp>

namespace larder {
void append_rfc3339(std::string& out, timestamp t);  // see rfc3339.hpp, which compiles more than writing needs
}

namespace larder::json {

/// Appends `v` as JSON. Allocates only when `out` grows. NaN and infinities become null; each byte that is not valid
/// UTF-8 becomes U+FFFD.
template <class T>
void append(std::string& out, const T& v);

template <class T>
std::string to_string(const T& v)
{
    std::string out;
    append(out, v);
    return out;
}

namespace detail {

void append_text(std::string& out, std::string_view text);
void append_double(std::string& out, double v);

/// The constant `{"name":` for the first member, `,"name":` for the others.
template <class Member, bool First>
struct key {
    static constexpr std::size_t length = std::char_traits<char>::length(Member::name);
    static constexpr auto text = [] {
        std::array<char, length + 4> t{};
        t[0] = First ? '{' : ',';
        t[1] = '"';
        for (std::size_t i = 0; i < length; ++i) t[i + 2] = Member::name[i];
        t[length + 2] = '"';
        t[length + 3] = ':';
        return t;
    }();
};

template <class T>
void append_struct(std::string& out, const T& v)
{
    using members = members_of<T>;
    if constexpr (boost::mp11::mp_empty<members>::value) {
        out += "{}";
    } else {
        using first = boost::mp11::mp_front<members>;
        boost::mp11::mp_for_each<members>([&](auto m) {
            constexpr auto& k = key<decltype(m), std::is_same_v<decltype(m), first>>::text;
            out.append(k.data(), k.size());
            append(out, v.*m.pointer);
        });
        out += '}';
    }
}

template <class T>
void append_map(std::string& out, const T& v)
{
    out += '{';
    for (bool first = true; const auto& [name, value] : v) {
        if (!first) out += ',';
        first = false;
        append_text(out, name);
        out += ':';
        append(out, value);
    }
    out += '}';
}

template <class T>
void append_vector(std::string& out, const std::vector<T>& v)
{
    out += '[';
    for (bool first = true; const auto& item : v) {
        if (!first) out += ',';
        first = false;
        append(out, static_cast<const T&>(item));
    }
    out += ']';
}

}  // namespace detail

template <class T>
void append(std::string& out, const T& v)
{
    if constexpr (std::is_same_v<T, raw_json>) {
        out += v.text;
    } else if constexpr (std::is_same_v<T, id_text>) {
        detail::append_text(out, v.text);
    } else if constexpr (std::is_same_v<T, bool>) {
        out += v ? "true" : "false";
    } else if constexpr (std::is_integral_v<T>) {
        char digits[24];
        out.append(digits, std::to_chars(digits, digits + sizeof digits, v).ptr);
    } else if constexpr (std::is_floating_point_v<T>) {
        detail::append_double(out, v);
    } else if constexpr (std::is_same_v<T, timestamp>) {
        out += '"';
        append_rfc3339(out, v);
        out += '"';
    } else if constexpr (described_enum<T>) {
        detail::append_text(out, boost::describe::enum_to_string(v, ""));
    } else if constexpr (text<T>) {
        detail::append_text(out, v);
    } else if constexpr (is_optional<T>) {
        if (v) {
            append(out, *v);
        } else {
            out += "null";
        }
    } else if constexpr (is_vector<T>) {
        detail::append_vector(out, v);
    } else if constexpr (is_map<T>) {
        detail::append_map(out, v);
    } else {
        static_assert(described_struct<T>,
                      "larder::json cannot write this type: describe it with BOOST_DESCRIBE_STRUCT");
        detail::append_struct(out, v);
    }
}

}  // namespace larder::json
