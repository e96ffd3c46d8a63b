// SPDX-License-Identifier: MIT
// Writes JSON Schema from the descriptions of larder/json/schema.hpp. append_schema() writes any node, and a reference
// for an object, so that types may contain themselves; append_object_schema() writes the object itself. What is known
// about a member besides its type is written with the member.
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

void append_words(std::string& out, std::span<const std::string_view> words, bool nullable)
{
    out.append(R"(,"enum":[)");
    for (const auto word : words) {
        if (out.back() != '[') out += ',';
        append(out, word);
    }
    if (nullable) out.append(",null");
    out += ']';
}

void append_text(std::string& out, std::string_view key, std::string_view value)
{
    if (value.empty()) return;
    append(out.append(",\"").append(key).append("\":"), value);
}

void append_bound(std::string& out, std::string_view key, std::optional<std::int64_t> bound)
{
    if (bound) append(out.append(",\"").append(key).append("\":"), *bound);
}

/// The names of the lower and the upper bound depend on the type. Other types have none.
void append_bounds(std::string& out, schema_kind kind, const member_facts& facts)
{
    if (kind == schema_kind::integer || kind == schema_kind::number) {
        append_bound(out, "minimum", facts.least);
        append_bound(out, "maximum", facts.most);
    } else if (kind == schema_kind::string || kind == schema_kind::id) {
        append_bound(out, "minLength", facts.least);
        append_bound(out, "maxLength", facts.most);
    } else if (kind == schema_kind::array) {
        append_bound(out, "minItems", facts.least);
        append_bound(out, "maxItems", facts.most);
    }
}

/// Appends what the facts add to a schema that is not a reference. The words of an array are those of its items.
void append_facts(std::string& out, const schema_node& node, const member_facts& facts)
{
    append_bounds(out, node.kind, facts);
    if (!facts.words.empty() && node.kind != schema_kind::array) append_words(out, facts.words, node.nullable);
    append_text(out, "format", facts.format);
    append_text(out, "pattern", facts.pattern);
    append_text(out, "description", facts.meaning);
    if (!facts.initial.empty()) out.append(R"(,"default":)").append(facts.initial);
}

void append_item(std::string& out, const schema_node& node, const member_facts* facts)
{
    out.append(node.kind == schema_kind::array ? R"(,"items":)" : R"(,"additionalProperties":)");
    const member_facts words{
        .name = {}, .meaning = {}, .words = facts ? facts->words : std::span<const std::string_view>{}};
    append_schema(out, *node.item(), &words);
}

void append_reference(std::string& out, const schema_node& node, const member_facts* facts)
{
    const std::string ref = R"("$ref":"#/components/schemas/)" + node.name + "\"";
    out.append(node.nullable ? R"({"oneOf":[{)" + ref + R"(},{"type":"null"}])" : "{" + ref);
    if (facts != nullptr) append_text(out, "description", facts->meaning);
    out += '}';
}

void replace_all(std::string& text, std::string_view what, std::string_view by)
{
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
        text.replace(at, what.size(), by);
    }
}

}  // namespace

void append_schema(std::string& out, const schema_node& node, const member_facts* facts)
{
    if (node.kind == schema_kind::any) {
        out.append("{}");
        return;
    }
    if (node.kind == schema_kind::object) {
        append_reference(out, node, facts);
        return;
    }
    out += '{';
    append_type(out, node);
    if (!node.format.empty()) out.append(R"(,"format":")").append(node.format).append("\"");
    if (!node.words.empty()) append_words(out, node.words, node.nullable);
    if (node.item != nullptr) append_item(out, node, facts);
    if (facts != nullptr) append_facts(out, node, *facts);
    out += '}';
}

void append_object_schema(std::string& out, const schema_node& node)
{
    out.append(R"({"type":"object")");
    append_text(out, "description", node.meaning);
    out.append(R"(,"additionalProperties":false,"properties":{)");
    std::vector<std::string_view> required;
    for (const auto& m : node.members) {
        if (out.back() != '{') out += ',';
        append(out, m.name);
        out += ':';
        append_schema(out, *m.schema(), m.facts);
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
