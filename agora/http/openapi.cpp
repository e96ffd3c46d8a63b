// SPDX-License-Identifier: MIT
// Writes the OpenAPI 3.1 document of a route table. Start with make_openapi(), which appends the paths (one operation
// per route) and then the components: schemas, shared responses and security schemes. The JSON is appended to a string
// piece by piece; object_writer writes the braces and commas.
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

void append_parameter(std::string& out, std::string_view name, std::string_view where, const schema_node* schema,
                      std::string_view plain_type)
{
    object_writer p{out};
    p.text("name", name);
    p.text("in", where);
    p.key("required") += where == "path" ? "true" : "false";
    if (schema != nullptr) {
        auto value = *schema;
        value.nullable = false;  // the parameter may be left out, but a query string has no null
        larder::json::append_schema(p.key("schema"), value);
    } else {
        p.key("schema").append(R"({"type":")").append(plain_type).append("\"}");
    }
}

void append_header_parameter(std::string& out, std::string_view name, bool required, std::string_view meaning)
{
    if (out.back() != '[') out += ',';
    object_writer p{out};
    p.text("name", name);
    p.text("in", "header");
    p.text("description", meaning);
    p.key("required") += required ? "true" : "false";
    p.key("schema") += R"({"type":"string"})";
}

bool answers_with(const route& r, unsigned status)
{
    return std::ranges::any_of(r.doc.answers, [&](const auto& a) { return a.first == status; });
}

/// Documents the header fields that the server itself reads.
void append_header_parameters(std::string& out, const route& r)
{
    if (answers_with(r, 428))
        append_header_parameter(out, "If-Match", true, "The ETag of the version to change, or *.");
    if (r.least_role != role::guest && r.method != verb::get)
        append_header_parameter(
            out, "X-CSRF-Token", false,
            "The session's csrf_token; required when the session cookie authenticates the request.");
    if (r.method == verb::post)
        append_header_parameter(
            out, "Idempotency-Key", false,
            "1 to 255 visible ASCII characters. The request is carried out once; a repeat with the same key gets the "
            "response of the first one.");
}

void append_parameters(std::string& out, const route& r)
{
    out += '[';
    std::size_t n = 0;
    for (auto at = r.pattern.find('{'); at != std::string::npos; at = r.pattern.find('{', at + 1)) {
        if (n != 0) out += ',';
        const auto name = std::string_view{r.pattern}.substr(at + 1, r.pattern.find('}', at) - at - 1);
        append_parameter(out, name, "path", nullptr, r.doc.path_param_is_integer[n++] ? "integer" : "string");
    }
    for (const auto& [name, schema] : r.doc.query_params) {
        if (out.back() != '[') out += ',';
        append_parameter(out, name, "query", schema, {});
    }
    append_header_parameters(out, r);
    out += ']';
}

void append_content(std::string& out, std::string_view media_type, const schema_node& schema)
{
    object_writer content{out};
    object_writer media{content.key(media_type)};
    larder::json::append_schema(media.key("schema"), schema);
}

constexpr std::string_view problem_content =
    R"({"application/problem+json":{"schema":{"$ref":"#/components/schemas/problem"}}})";

constexpr std::string_view retry_after =
    R"({"Retry-After":{"description":"Seconds after which to try again.","schema":{"type":"integer"}}})";

/// A problem, as the view of the route shows it.
void append_problem_content(std::string& out, const route& r)
{
    if (r.own_view == nullptr) {
        out += problem_content;
        return;
    }
    const auto type = r.shown_by->problem_type();
    append_content(out, type.substr(0, type.find(';')), *larder::json::schema_of<std::string>());
}

/// Documents the problem with which admission refuses callers who lack the route's role.
void append_refusal(object_writer& answers, const route& r, unsigned status)
{
    if (answers_with(r, status)) return;
    object_writer one{answers.key(std::to_string(status))};
    one.text("description", reason_phrase(status));
    append_problem_content(one.key("content"), r);
}

/// Documents a response with Retry-After. The routes that are shown as JSON share it, under `shared_name`.
void append_try_later(object_writer& answers, const route& r, unsigned status, std::string_view shared_name)
{
    object_writer one{answers.key(std::to_string(status))};
    if (r.own_view == nullptr) {
        one.text("$ref", "#/components/responses/" + std::string{shared_name});
        return;
    }
    one.text("description", reason_phrase(status));
    one.key("headers") += retry_after;
    append_problem_content(one.key("content"), r);
}

void append_responses(std::string& out, const route& r)
{
    object_writer answers{out};
    for (const auto& [status, schema] : r.doc.answers) {
        if (status == 429) {
            append_try_later(answers, r, status, "too_many_requests");
            continue;
        }
        object_writer one{answers.key(std::to_string(status))};
        one.text("description", reason_phrase(status));
        if (schema != nullptr) {
            append_content(one.key("content"), r.doc.answer_type, *schema);
        } else if (status >= 400) {
            append_problem_content(one.key("content"), r);
        }
    }
    if (r.least_role > role::guest) append_refusal(answers, r, 401);
    if (r.least_role > role::user) append_refusal(answers, r, 403);
    if (!answers_with(r, 503)) append_try_later(answers, r, 503, "unavailable");
    object_writer other{answers.key("default")};
    other.text("description", "A problem (RFC 9457)");
    append_problem_content(other.key("content"), r);
}

/// Such as "get_api_posts_id". Depends only on the method and the pattern of the route.
std::string operation_id(const route& r)
{
    std::string id;
    for (const char c : std::string{to_string(r.method)} + r.pattern) {
        if (c >= 'A' && c <= 'Z') {
            id += static_cast<char>(c + 32);
        } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
            id += c;
        } else if (c != '}' && !id.ends_with('_')) {
            id += '_';
        }
    }
    return id;
}

void append_operation(std::string& out, const route& r)
{
    object_writer o{out};
    o.text("operationId", operation_id(r));
    if (!r.doc.summary.empty()) o.text("summary", r.doc.summary);
    if (!r.doc.tag.empty()) larder::json::append(o.key("tags"), std::vector<std::string>{r.doc.tag});
    append_parameters(o.key("parameters"), r);
    if (r.doc.body_schema != nullptr) {
        object_writer body{o.key("requestBody")};
        body.key("required") += r.doc.body_required ? "true" : "false";
        append_content(body.key("content"), "application/json", *r.doc.body_schema);
    }
    append_responses(o.key("responses"), r);
    if (r.cache) o.key("x-cached") += "true";
    if (r.least_role != role::guest) o.key("security") += R"([{"bearer":[]},{"session":[]}])";
}

void append_paths(std::string& out, const router& routes)
{
    object_writer paths{out};
    std::set<std::string_view> done;
    for (const auto& r : routes.routes()) {
        if (r->shown_by->is_for_browsers() || !done.insert(r->pattern).second) continue;
        object_writer operations{paths.key(r->pattern)};
        for (const auto& same_path : routes.routes()) {
            if (same_path->pattern != r->pattern || same_path->shown_by->is_for_browsers()) continue;
            std::string method{to_string(same_path->method)};
            for (auto& c : method) c = static_cast<char>(c + 32);
            append_operation(operations.key(method), *same_path);
        }
    }
}

constexpr std::string_view problem_schema =
    R"({"type":"object","required":["type","title","status","detail","instance","code","request_id"],"properties":{)"
    R"("type":{"type":"string"},"title":{"type":"string"},"status":{"type":"integer"},"detail":{"type":"string"},)"
    R"("instance":{"type":"string"},"code":{"type":"string"},"request_id":{"type":"string"},"errors":{"type":"array","items":)"
    R"({"type":"object","required":["field","code","message"],"properties":{"field":{"type":"string"},"code":{"type":"string"},)"
    R"("message":{"type":"string"}}}}}})";

void append_security_schemes(std::string& out, std::string_view session_cookie)
{
    object_writer schemes{out};
    schemes.key("bearer") += R"({"type":"http","scheme":"bearer","description":"An access token or an API key."})";
    object_writer session{schemes.key("session")};
    session.text("type", "apiKey");
    session.text("in", "cookie");
    session.text("name", session_cookie);
    session.text("description", "Set by POST /api/sessions. Requests that change something also need X-CSRF-Token.");
}

void append_components(std::string& out, const router& routes, std::string_view session_cookie)
{
    std::map<std::string, const schema_node*> schemas;
    for (const auto& r : routes.routes()) {
        collect(r->doc.body_schema, schemas);
        for (const auto& [status, schema] : r->doc.answers) collect(schema, schemas);
    }
    object_writer components{out};
    {
        object_writer all{components.key("schemas")};
        all.key("problem") += problem_schema;
        for (const auto& [name, schema] : schemas) larder::json::append_object_schema(all.key(name), *schema);
    }
    {
        object_writer responses{components.key("responses")};
        for (const auto& [name, status] : {std::pair{"too_many_requests", 429U}, std::pair{"unavailable", 503U}}) {
            object_writer one{responses.key(name)};
            one.text("description", reason_phrase(status));
            one.key("headers") += retry_after;
            one.key("content") += problem_content;
        }
    }
    append_security_schemes(components.key("securitySchemes"), session_cookie);
}

}  // namespace

std::string make_openapi(const router& routes, const openapi_options& o)
{
    std::string out;
    {
        object_writer document{out};
        document.text("openapi", "3.1.0");
        {
            object_writer info{document.key("info")};
            info.text("title", o.title);
            info.text("version", o.version);
        }
        append_paths(document.key("paths"), routes);
        append_components(document.key("components"), routes, o.session_cookie);
    }
    return out;
}

}  // namespace agora::http
