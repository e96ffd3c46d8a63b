// SPDX-License-Identifier: MIT
// See parts.hpp. The words for types are those of JSON Schema, so that they are found again in the OpenAPI document.
// Start with write_type(), which writes what a member or a parameter is, and write_constraints(), which adds its
// bounds.
#include <agora/docs/parts.hpp>

namespace agora::docs {
namespace {

using larder::json::member_facts;
using larder::json::schema_kind;
using larder::json::schema_node;

std::string_view word_for(schema_kind kind) noexcept
{
    switch (kind) {
        case schema_kind::boolean:
            return "boolean";
        case schema_kind::integer:
            return "integer";
        case schema_kind::number:
            return "number";
        case schema_kind::string:
            return "string";
        case schema_kind::id:
            return "string or integer";
        case schema_kind::array:
            return "list of ";
        case schema_kind::map:
            return "map of ";
        case schema_kind::object:
        case schema_kind::any:
            break;
    }
    return "any JSON";
}

/// "1 to 100", "at least 1" or "at most 300", or nothing.
std::string range_of(const member_facts& facts)
{
    if (facts.least && facts.most) return std::to_string(*facts.least) + " to " + std::to_string(*facts.most);
    if (facts.least) return "at least " + std::to_string(*facts.least);
    return facts.most ? "at most " + std::to_string(*facts.most) : std::string{};
}

std::string_view unit_of(schema_kind kind) noexcept
{
    if (kind == schema_kind::string) return " characters";
    return kind == schema_kind::array ? " items" : "";
}

}  // namespace

void write_prose(html::writer& out, std::string_view text)
{
    bool code = false;
    while (true) {
        const auto tick = text.find('`');
        const auto part = text.substr(0, tick);
        if (code) {
            out.write("<code>{}</code>", part);
        } else {
            out.write("{}", part);
        }
        if (tick == std::string_view::npos) return;
        text.remove_prefix(tick + 1);
        code = !code;
    }
}

void write_type(html::writer& out, const schema_node& type)
{
    if (type.kind == schema_kind::object) {
        out.write(R"(<a href="#schema-{}">{}</a>)", type.name, type.name);
    } else {
        out.write("{}", word_for(type.kind));
        if (type.item != nullptr) write_type(out, *type.item());
        if (type.format == "date-time") out.write(" (date-time)");
    }
    if (type.nullable) out.write(" or null");
}

void write_constraints(html::writer& out, const schema_node& type, const member_facts& facts)
{
    const auto range = range_of(facts);
    // The bound 1 of a text only says that it is not empty, and of an id that it is an id.
    const bool trivial = facts.least == 1 && !facts.most;
    if (!range.empty() && !trivial) out.write(R"(<span class="limit">{}{}</span>)", range, unit_of(type.kind));
    if (!facts.words.empty())
        out.write(R"(<span class="limit">one of {}</span>)",
                  html::each(facts.words, [](html::writer& word, auto w) { word.write(R"(<code>{}</code> )", w); }));
    if (!facts.format.empty()) out.write(R"(<span class="limit">{}</span>)", facts.format);
    if (facts.initial.empty()) return;
    const bool quoted = facts.initial.starts_with('"');
    out.write(R"(<span class="limit">default <code>{}</code></span>)",
              quoted ? facts.initial.substr(1, facts.initial.size() - 2) : facts.initial);
}

std::string indented(std::string_view json)
{
    std::string out;
    std::size_t depth = 0;
    bool text = false;
    const auto line = [&] { out.append("\n").append(2 * depth, ' '); };
    for (std::size_t i = 0; i < json.size(); ++i) {
        const char c = json[i];
        if (text) {
            out += c;
            if (c == '\\' && i + 1 < json.size()) out += json[++i];
            if (c == '"') text = false;
            continue;
        }
        const bool opens = c == '{' || c == '[';
        const bool closes = c == '}' || c == ']';
        if (opens && i + 1 < json.size() && json[i + 1] == c + 2) {  // an empty object or array
            out.append({c, json[++i]});
            continue;
        }
        if (closes) {
            --depth;
            line();
        }
        out += c;
        text = c == '"';
        if (opens) ++depth;
        if (opens || c == ',') line();
        if (c == ':') out += ' ';
    }
    return out;
}

}  // namespace agora::docs
