// SPDX-License-Identifier: MIT
// The JSON form of a type as data, to generate OpenAPI and JSON Schema 2020-12 documents; see larder/json.hpp.
// schema_of<T>() returns the description; append_schema() and append_object_schema() write it as JSON Schema.
//
// What a type does not say, such as bounds and the meaning of a member, a function beside the struct says:
//
//     inline constexpr json::member_facts page_facts[]{
//         {.name = "limit", .meaning = "How many rows the page has at most.", .least = 1, .most = 100, .initial =
//         "20"}};
//     inline json::type_facts facts_of(std::type_identity<page>) { return {"Page", "Which rows to return.",
//     page_facts}; }
//
// Nothing here checks values: the code that reads them uses the same constants.
#pragma once

#include <cstdint>
#include <larder/json/kinds.hpp>
#include <span>
#include <typeinfo>

namespace larder::json {

enum class schema_kind { boolean, integer, number, string, id, array, map, object, any };

struct schema_node;
using schema_ref = const schema_node* (*)();  ///< a function, so that a type may contain itself

/// What is known about a member besides its type. The views are static text.
struct member_facts {
    std::string_view name;
    std::string_view meaning;                   ///< whole sentences
    std::optional<std::int64_t> least{};        ///< the smallest number, the shortest text or array
    std::optional<std::int64_t> most{};         ///< the largest number, the longest text or array
    std::string_view initial{};                 ///< the default value as JSON; empty: none
    std::span<const std::string_view> words{};  ///< the only texts that are allowed, of an array in each item
    std::string_view format{};                  ///< a format of JSON Schema, such as "email"
    std::string_view pattern{};                 ///< a regular expression that a text matches
};

/// What is known about a struct besides its members' types. Members of base classes are described with the base.
struct type_facts {
    std::string name;  ///< in documents; empty: made from the C++ name
    std::string_view meaning{};
    std::span<const member_facts> members{};
};

struct schema_member {
    std::string_view name;
    schema_ref schema = nullptr;
    bool required = false;
    const member_facts* facts = nullptr;  ///< null: nothing is known
};

struct schema_node {
    schema_kind kind = schema_kind::any;
    std::string_view format;  ///< "int64", "double", "date-time" or empty
    bool nullable = false;
    std::string name;                     ///< object: from its type_facts, or its type name, such as "posts.post"
    std::string_view meaning;             ///< object: from its type_facts
    std::vector<std::string_view> words;  ///< enum: the names of its values
    schema_ref item = nullptr;            ///< array or map: the element type
    std::vector<schema_member> members;   ///< object: its members
};

/// Returns the description of T. The pointer is valid as long as the program runs.
template <class T>
const schema_node* schema_of();

/// Appends a reference to the named schema if the node is an object, otherwise the schema itself, with the facts if
/// there are any.
void append_schema(std::string& out, const schema_node& node, const member_facts* facts = nullptr);
/// Appends the schema of the object itself, which forbids members that it does not name. Requires: kind is object.
void append_object_schema(std::string& out, const schema_node& node);

namespace detail {

std::string schema_name(const std::type_info& type);

template <class T>
type_facts facts_about()
{
    if constexpr (requires { facts_of(std::type_identity<T>{}); }) {
        return facts_of(std::type_identity<T>{});
    } else {
        return {};
    }
}

/// The facts about a member, declared with the class that the member belongs to.
template <class Class, class Member>
const member_facts* facts_about(Member Class::*, std::string_view name)
{
    const auto known = facts_about<Class>().members;  // of static storage duration
    for (const auto& f : known)
        if (f.name == name) return &f;
    return nullptr;
}

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
        auto facts = facts_about<T>();
        n.name = facts.name.empty() ? schema_name(typeid(T)) : std::move(facts.name);
        n.meaning = facts.meaning;
        boost::mp11::mp_for_each<members_of<T>>([&](auto m) {
            using member = std::remove_cvref_t<decltype(std::declval<T&>().*m.pointer)>;
            n.members.push_back({m.name, &schema_of<member>, !is_optional<member> && !has_defaults<T>(),
                                 facts_about(m.pointer, m.name)});
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
