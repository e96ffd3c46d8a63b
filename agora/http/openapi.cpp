// SPDX-License-Identifier: MIT
// Writes the OpenAPI 3.1 document of an API. Start with make_openapi(), which appends the paths (one operation per
// route) and then the components: schemas, shared responses, examples of problems and security schemes. The JSON is
// appended to a string piece by piece; object_writer writes the braces and commas.
#include <agora/http/openapi.hpp>
#include <agora/http/problem.hpp>
#include <algorithm>
#include <map>
#include <set>

namespace agora::http {
namespace {

using larder::json::schema_node;

/// Writes one JSON object member by member: the braces, the names and the commas. The caller appends the values.
class object_writer {
 public:
    explicit object_writer(std::string& out) : out_{out} { out_ += '{'; }
    ~object_writer() { out_ += '}'; }
    object_writer(const object_writer&) = delete;
    object_writer& operator=(const object_writer&) = delete;

    std::string& key(std::string_view name)
    {
        if (!first_) out_ += ',';
        first_ = false;
        larder::json::append(out_, name);
        out_ += ':';
        return out_;
    }
    void text(std::string_view name, std::string_view value) { larder::json::append(key(name), value); }
    void number(std::string_view name, std::int64_t value) { larder::json::append(key(name), value); }

 private:
    std::string& out_;
    bool first_ = true;
};

/// Collects every named object type that is reachable from a schema.
void collect(const schema_node* node, std::map<std::string, const schema_node*>& found)
{
    if (node == nullptr) return;
    if (node->item != nullptr) collect(node->item(), found);
    if (node->kind != larder::json::schema_kind::object || !found.emplace(node->name, node).second) return;
    for (const auto& m : node->members) collect(m.schema(), found);
}

void append_parameter(std::string& out, const described_parameter& described)
{
    if (out.back() != '[') out += ',';
    object_writer p{out};
    p.text("name", described.name);
    p.text("in", described.place);
    if (!described.facts.meaning.empty()) p.text("description", described.facts.meaning);
    p.key("required") += described.required ? "true" : "false";
    auto facts = described.facts;
    facts.meaning = {};  // it belongs to the parameter, not to its schema
    larder::json::append_schema(p.key("schema"), described.type, &facts);
}

constexpr std::string_view problem_schema =
    R"({"type":"object","description":"Why a request failed (RFC 9457). Programs decide by `code`.",)"
    R"("required":["type","title","status","detail","instance","code","request_id"],"properties":{)"
    R"("type":{"type":"string","description":"A URI of the kind of problem; about:blank when the status says it all."},)"
    R"("title":{"type":"string","description":"The reason phrase of the status."},)"
    R"("status":{"type":"integer","minimum":400,"maximum":599,"description":"The status of the response."},)"
    R"("detail":{"type":"string","description":"One sentence for people."},)"
    R"("instance":{"type":"string","description":"The path of the request."},)"
    R"("code":{"type":"string","description":"A stable word for programs. GET /docs explains all of them."},)"
    R"("request_id":{"type":"string","description":"Finds the request in the log of the server; also in X-Request-Id."},)"
    R"("errors":{"type":"array","description":"Of invalid_fields: every field that was refused.","items":)"
    R"({"type":"object","required":["field","code","message"],"properties":{)"
    R"("field":{"type":"string","description":"The name of the field or parameter."},)"
    R"("code":{"type":"string","description":"A stable word for programs."},)"
    R"("message":{"type":"string","description":"Text for people."}}}},)"
    R"("violated-policies":{"type":"array","description":"Of rate_limited: the names of the limits.","items":{"type":"string"}}}})";

constexpr std::string_view headers_of_components =
    R"({"ETag":{"description":"The version of the answer, for If-None-Match and If-Match.","schema":{"type":"string"}},)"
    R"("Location":{"description":"The path of what was made.","schema":{"type":"string"}},)"
    R"("RateLimit":{"description":"What is left of the limits (draft-ietf-httpapi-ratelimit-headers-10).","schema":{"type":"string"}},)"
    R"("Retry-After":{"description":"Seconds after which to try again.","schema":{"type":"integer","minimum":0}}})";

void append_header_references(std::string& out, std::initializer_list<std::string_view> names)
{
    object_writer headers{out};
    for (const auto name : names)
        headers.key(name).append(R"({"$ref":"#/components/headers/)").append(name).append("\"}");
}

void append_problem_reference(std::string& out, const problem_code& p)
{
    out.append(R"({"$ref":"#/components/examples/)").append(p.name).append("\"}");
}

/// The content of a response that has one of several problems: `code` is one of their names.
void append_problem_content(std::string& out, const std::vector<const problem_code*>& problems)
{
    object_writer content{out};
    object_writer media{content.key("application/problem+json")};
    std::vector<std::string_view> codes;
    for (const auto* p : problems) codes.push_back(p->name);
    media.key("schema") +=
        R"({"allOf":[{"$ref":"#/components/schemas/Problem"},{"type":"object","properties":{"code":{"enum":)";
    larder::json::append(out, codes);
    out += "}}}]}";
    object_writer examples{media.key("examples")};
    for (const auto* p : problems) append_problem_reference(examples.key(p->name), *p);
}

std::string problem_meanings(const std::vector<const problem_code*>& problems)
{
    std::string text;
    for (const auto* p : problems) {
        if (!text.empty()) text += '\n';
        text.append("- `").append(p->name).append("`: ").append(p->meaning).append(" ").append(p->advice);
    }
    return text;
}

void append_answer(object_writer& answers, const api_description& api, const described_operation& o,
                   const described_answer& a)
{
    const bool only_outage = a.status == 503 && a.body == nullptr;
    if (only_outage) {  // the same everywhere
        answers.key("503") += R"({"$ref":"#/components/responses/Unavailable"})";
        return;
    }
    object_writer one{answers.key(std::to_string(a.status))};
    const auto meanings = problem_meanings(a.problems);
    one.text("description", meanings.empty() || a.body != nullptr ? reason_phrase(a.status) : meanings);
    if (a.status == 201) append_header_references(one.key("headers"), {"Location"});
    if (a.status == 200 && o.from->doc.conditional) append_header_references(one.key("headers"), {"ETag"});
    if (a.status == 429) append_header_references(one.key("headers"), {"RateLimit", "Retry-After"});
    if (a.body == nullptr) {
        if (!a.problems.empty()) append_problem_content(one.key("content"), a.problems);
        return;
    }
    object_writer content{one.key("content")};
    object_writer media{content.key(o.from->doc.answer_type)};
    larder::json::append_schema(media.key("schema"), *a.body);
    if (const auto* e = api.example(o.id, std::to_string(a.status))) media.key("example") += e->json;
}

void append_answers(std::string& out, const api_description& api, const described_operation& o)
{
    object_writer answers{out};
    for (const auto& a : o.answers) append_answer(answers, api, o, a);
    answers.key("default") += R"({"$ref":"#/components/responses/Problem"})";
}

void append_body(std::string& out, const api_description& api, const described_operation& o)
{
    object_writer body{out};
    body.key("required") += o.from->doc.body_required ? "true" : "false";
    object_writer content{body.key("content")};
    object_writer media{content.key("application/json")};
    auto schema = *o.from->doc.body_schema;
    schema.nullable = false;
    larder::json::append_schema(media.key("schema"), schema);
    if (const auto* e = api.example(o.id, "request")) media.key("example") += e->json;
}

std::string_view security_of(const route& r)
{
    if (r.least_role != role::guest) return R"([{"bearer":[]},{"session":[]}])";
    return r.doc.knows_members ? R"([{},{"bearer":[]},{"session":[]}])" : "[]";
}

/// The meaning, who may call, and the limits, as Markdown.
std::string description_of(const route& r)
{
    std::string text = r.doc.meaning;
    if (!text.empty()) text += "\n\n";
    text += access_of(r);
    const auto limits = limits_of(r);
    if (!limits.empty()) text += "\n\nLimits:\n";
    for (const auto& limit : limits) text.append("\n- ").append(limit);
    return text;
}

/// The limits for programs; the description has them for people.
void append_limits(std::string& out, const route& r)
{
    out += '[';
    for (const auto& [limit, by] : r.limits) {
        if (out.back() != '[') out += ',';
        const auto& rule = limit->rule();
        object_writer one{out};
        one.text("name", rule.name);
        one.number("quota", rule.quota);
        one.number("window_seconds",
                   std::chrono::duration_cast<std::chrono::seconds>(std::chrono::milliseconds{rule.window}).count());
        one.text("counted_by", by == limited_by::address ? "address" : by == limited_by::user ? "user" : "key");
    }
    out += ']';
}

void append_operation(std::string& out, const api_description& api, const described_operation& described)
{
    const route& r = *described.from;
    object_writer o{out};
    o.text("operationId", described.id);
    if (!r.doc.summary.empty()) o.text("summary", r.doc.summary);
    o.text("description", description_of(r));
    if (!r.doc.tag.empty()) larder::json::append(o.key("tags"), std::vector<std::string>{r.doc.tag});
    o.key("security") += security_of(r);
    if (!described.parameters.empty()) {
        o.key("parameters") += '[';
        for (const auto& p : described.parameters) append_parameter(out, p);
        out += ']';
    }
    if (r.doc.body_schema != nullptr) append_body(o.key("requestBody"), api, described);
    append_answers(o.key("responses"), api, described);
    if (r.cache) o.key("x-cached") += "true";
    if (!r.limits.empty()) append_limits(o.key("x-limits"), r);
}

void append_paths(std::string& out, const api_description& api)
{
    object_writer paths{out};
    std::set<std::string_view> done;
    for (const auto& o : api.operations()) {
        if (!done.insert(o.from->pattern).second) continue;
        object_writer operations{paths.key(o.from->pattern)};
        for (const auto& same_path : api.operations()) {
            if (same_path.from->pattern != o.from->pattern) continue;
            std::string method{to_string(same_path.from->method)};
            for (auto& c : method) c = static_cast<char>(c + 32);
            append_operation(operations.key(method), api, same_path);
        }
    }
}

void append_refused_field(std::string& out, std::string_view field, const field_code& code)
{
    out += '[';
    {
        object_writer one{out};
        one.text("field", field);
        one.text("code", code.name);
        one.text("message", code.meaning);
    }
    out += ']';
}

/// An example of a problem: what a response with this code says.
void append_problem_example(std::string& out, const problem_code& p)
{
    object_writer example{out};
    example.text("summary", p.meaning);
    object_writer value{example.key("value")};
    value.text("type", "about:blank");
    value.text("title", reason_phrase(p.status));
    value.number("status", p.status);
    value.text("detail", p.meaning);
    value.text("instance", "/api/posts/7");
    value.text("code", p.name);
    value.text("request_id", "4b1f6c2e9a7d4f0e");
    if (&p == &problems::invalid_fields) append_refused_field(value.key("errors"), "title", field_codes::required);
}

void append_examples(std::string& out, const api_description& api)
{
    std::map<std::string_view, const problem_code*> codes;
    for (const auto& o : api.operations())
        for (const auto& a : o.answers)
            for (const auto* p : a.problems) codes.emplace(p->name, p);
    object_writer examples{out};
    for (const auto& [name, code] : codes) append_problem_example(examples.key(name), *code);
}

/// The problem that any operation may have, and the outages, which all operations share.
void append_shared_responses(std::string& out, const api_description& api)
{
    object_writer responses{out};
    {
        object_writer any{responses.key("Problem")};
        any.text("description", "A problem (RFC 9457), such as `internal` when the server itself failed.");
        any.key("content") += R"({"application/problem+json":{"schema":{"$ref":"#/components/schemas/Problem"}}})";
    }
    std::map<std::string_view, const problem_code*> outages;
    for (const auto& o : api.operations())
        for (const auto& a : o.answers)
            for (const auto* p : a.problems)
                if (a.status == 503 && a.body == nullptr) outages.emplace(p->name, p);
    if (outages.empty()) return;
    std::vector<const problem_code*> problems;
    for (const auto& [name, code] : outages) problems.push_back(code);
    object_writer one{responses.key("Unavailable")};
    one.text("description", problem_meanings(problems));
    append_header_references(one.key("headers"), {"Retry-After"});
    append_problem_content(one.key("content"), problems);
}

void append_security_schemes(std::string& out, std::string_view session_cookie)
{
    object_writer schemes{out};
    schemes.key("bearer") +=
        R"({"type":"http","scheme":"bearer","description":"An access token of POST /api/auth/login, or an API key."})";
    object_writer session{schemes.key("session")};
    session.text("type", "apiKey");
    session.text("in", "cookie");
    session.text("name", session_cookie);
    session.text("description", "Set by POST /api/sessions. Requests that change something also need X-CSRF-Token.");
}

void append_components(std::string& out, const api_description& api)
{
    std::map<std::string, const schema_node*> schemas;
    for (const auto& o : api.operations()) {
        collect(o.from->doc.body_schema, schemas);
        for (const auto& a : o.answers) collect(a.body, schemas);
    }
    object_writer components{out};
    {
        object_writer all{components.key("schemas")};
        all.key("Problem") += problem_schema;
        for (const auto& [name, schema] : schemas) larder::json::append_object_schema(all.key(name), *schema);
    }
    append_shared_responses(components.key("responses"), api);
    append_examples(components.key("examples"), api);
    components.key("headers") += headers_of_components;
    append_security_schemes(components.key("securitySchemes"), api.about().session_cookie);
}

void append_info(std::string& out, const documentation& d)
{
    object_writer info{out};
    info.text("title", d.title);
    info.text("version", d.version);
    std::string text;
    for (const auto& topic : d.introduction)
        text.append(text.empty() ? "" : "\n\n").append("## ").append(topic.title).append("\n\n").append(topic.text);
    if (!text.empty()) info.text("description", text);
    info.key("contact") += R"({"name":"The operators of this community"})";
    info.key("license") += R"({"name":"MIT","identifier":"MIT"})";
}

void append_tags(std::string& out, const api_description& api)
{
    out += '[';
    for (const auto& tag : api.tags()) {
        if (out.back() != '[') out += ',';
        object_writer one{out};
        one.text("name", tag.name);
        if (!tag.meaning.empty()) one.text("description", tag.meaning);
    }
    out += ']';
}

}  // namespace

std::string make_openapi(const api_description& api)
{
    std::string out;
    {
        object_writer document{out};
        document.text("openapi", "3.1.0");
        append_info(document.key("info"), api.about());
        document.key("servers") += R"([{"url":"/","description":"The server that this document comes from."}])";
        append_tags(document.key("tags"), api);
        append_paths(document.key("paths"), api);
        append_components(document.key("components"), api);
    }
    return out;
}

}  // namespace agora::http
