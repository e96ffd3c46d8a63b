// SPDX-License-Identifier: MIT
// Writes JSON Schema from the descriptions of larder/json/schema.hpp. append_schema() writes any node, and a reference
// for an object, so that types may contain themselves; append_object_schema() writes the object itself.
#include <boost/core/demangle.hpp>
#include <larder/json/schema.hpp>
#include <larder/json/write.hpp>

namespace larder::json {
namespace {

std::string_view type_name(schema_kind kind) noexcept
{
    switch (kind) {
        case schema_kind::boolean:
            return "boolean";
        case schema_kind::integer:
            return "integer";
        case schema_kind::number:
            return "number";
        case schema_kind::string:
        case schema_kind::id:
            return "string";
        case schema_kind::array:
            return "array";
        case schema_kind::map:
        case schema_kind::object:
            return "object";
        case schema_kind::any:
            break;
    }
    return {};
}

void append_type(std::string& out, const schema_node& node)
{
    out.append(R"("type":)");
    out.append(node.nullable || node.kind == schema_kind::id ? "[\"" : "\"").append(type_name(node.kind)).append("\"");
    if (node.kind == schema_kind::id) out.append(",\"integer\"");
    if (node.nullable) out.append(",\"null\"");
    if (node.nullable || node.kind == schema_kind::id) out += ']';
}

void append_words(std::string& out, const schema_node& node)
{
    out.append(R"(,"enum":[)");
    for (const auto word : node.words) {
        if (out.back() != '[') out += ',';
        append(out, word);
    }
    if (node.nullable) out.append(",null");
    out += ']';
}

void replace_all(std::string& text, std::string_view what, std::string_view by)
{
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
        text.replace(at, what.size(), by);
    }
}

}  // namespace

void append_schema(std::string& out, const schema_node& node)
{
    if (node.kind == schema_kind::any) {
        out.append("{}");
        return;
    }
    if (node.kind == schema_kind::object) {
        std::string ref = R"({"$ref":"#/components/schemas/)" + node.name + "\"}";
        out.append(node.nullable ? R"({"oneOf":[)" + ref + R"(,{"type":"null"}]})" : ref);
        return;
    }
    out += '{';
    append_type(out, node);
    if (!node.format.empty()) out.append(R"(,"format":")").append(node.format).append("\"");
    if (!node.words.empty()) append_words(out, node);
    if (node.item != nullptr) {
        out.append(node.kind == schema_kind::array ? R"(,"items":)" : R"(,"additionalProperties":)");
        append_schema(out, *node.item());
    }
    out += '}';
}

void append_object_schema(std::string& out, const schema_node& node)
{
    out.append(R"({"type":"object","additionalProperties":false,"properties":{)");
    std::vector<std::string_view> required;
    for (const auto& m : node.members) {
        if (out.back() != '{') out += ',';
        append(out, m.name);
        out += ':';
        append_schema(out, *m.schema());
        if (m.required) required.push_back(m.name);
    }
    out += '}';
    if (!required.empty()) append(out.append(R"(,"required":)"), required);
    out += '}';
}

namespace detail {

/// Makes a valid OpenAPI component name: `agora::api::list<agora::posts::post>` becomes `api.list_posts.post`.
std::string schema_name(const std::type_info& type)
{
    auto name = boost::core::demangle(type.name());
    for (const auto* noise : {"agora::", "larder::", "(anonymous namespace)::", "{anonymous}::", " "})
        replace_all(name, noise, "");
    replace_all(name, "::", ".");
    replace_all(name, "<", "_");
    replace_all(name, ">", "");
    replace_all(name, ",", "_");
    return name;
}

}  // namespace detail
}  // namespace larder::json
