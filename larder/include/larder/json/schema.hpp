// SPDX-License-Identifier: MIT
// The JSON form of a type as data, to generate OpenAPI and JSON Schema 2020-12 documents; see larder/json.hpp.
// schema_of<T>() returns the description; append_schema() and append_object_schema() write it as JSON Schema.
#pragma once

#include <larder/json/kinds.hpp>
#include <typeinfo>

namespace larder::json {

enum class schema_kind { boolean, integer, number, string, id, array, map, object, any };

struct schema_node;
using schema_ref = const schema_node* (*)();  ///< a function, so that a type may contain itself

struct schema_member {
    std::string_view name;
    schema_ref schema = nullptr;
    bool required = false;
};

struct schema_node {
    schema_kind kind = schema_kind::any;
    std::string_view format;  ///< "int64", "double", "date-time" or empty
    bool nullable = false;
    std::string name;                     ///< object: its type name with namespaces, such as "posts.post"
    std::vector<std::string_view> words;  ///< enum: the names of its values
    schema_ref item = nullptr;            ///< array or map: the element type
    std::vector<schema_member> members;   ///< object: its members
};

/// Returns the description of T. The pointer is valid as long as the program runs.
template <class T>
const schema_node* schema_of();

/// Appends a reference to the named schema if the node is an object, otherwise the schema itself.
void append_schema(std::string& out, const schema_node& node);
/// Appends the schema of the object itself, which forbids members that it does not name. Requires: kind is object.
void append_object_schema(std::string& out, const schema_node& node);

namespace detail {

std::string schema_name(const std::type_info& type);

template <class T>
schema_node describe()
{
    schema_node n;
    if constexpr (std::is_same_v<T, bool>) {
        n.kind = schema_kind::boolean;
    } else if constexpr (std::is_integral_v<T>) {
        n.kind = schema_kind::integer;
        n.format = sizeof(T) == 8 ? "int64" : "int32";
    } else if constexpr (std::is_floating_point_v<T>) {
        n.kind = schema_kind::number;
        n.format = "double";
    } else if constexpr (std::is_same_v<T, timestamp>) {
        n.kind = schema_kind::string;
        n.format = "date-time";
    } else if constexpr (described_enum<T>) {
        n.kind = schema_kind::string;
        boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto e) { n.words.push_back(e.name); });
    } else if constexpr (std::is_same_v<T, id_text>) {
        n.kind = schema_kind::id;
    } else if constexpr (text<T>) {
        n.kind = schema_kind::string;
    } else if constexpr (is_optional<T>) {
        n = *schema_of<typename T::value_type>();
        n.nullable = true;
    } else if constexpr (is_vector<T>) {
        n.kind = schema_kind::array;
        n.item = &schema_of<typename T::value_type>;
    } else if constexpr (is_map<T>) {
        n.kind = schema_kind::map;
        n.item = &schema_of<typename T::mapped_type>;
    } else if constexpr (described_struct<T>) {
        n.kind = schema_kind::object;
        n.name = schema_name(typeid(T));
        boost::mp11::mp_for_each<members_of<T>>([&](auto m) {
            using member = std::remove_cvref_t<decltype(std::declval<T&>().*m.pointer)>;
            n.members.push_back({m.name, &schema_of<member>, !is_optional<member> && !has_defaults<T>()});
        });
    }
    return n;
}

}  // namespace detail

template <class T>
const schema_node* schema_of()
{
    static const schema_node node = detail::describe<T>();
    return &node;
}

}  // namespace larder::json
