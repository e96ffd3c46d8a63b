// SPDX-License-Identifier: MIT
// Writes the page from the top: the index with the search, the introduction, the operations by section, the schemas and
// the errors. An operation is a <details>, so that without a script the page is a list that opens. web/docs/docs.js
// reads what it needs to send a request from the data attributes.
#include <agora/docs/page.hpp>
#include <agora/docs/parts.hpp>
#include <agora/http/problem.hpp>
#include <agora/web/assets.hpp>
#include <algorithm>
#include <map>

namespace agora::docs {
namespace {

using http::api_description;
using http::described_operation;
using http::described_parameter;
using larder::json::schema_node;

std::string_view method_of(const described_operation& o) { return http::to_string(o.from->method); }

std::vector<const described_operation*> operations_in(const api_description& api, std::string_view tag)
{
    std::vector<const described_operation*> found;
    for (const auto& o : api.operations())
        if (o.from->doc.tag == tag) found.push_back(&o);
    return found;
}

void write_method(html::writer& out, const described_operation& o)
{
    out.write(R"(<span class="method {}">{}</span>)", method_of(o), method_of(o));
}

void write_index(html::writer& out, const api_description& api)
{
    const auto link = [](html::writer& item, const described_operation* o) {
        item.write(R"(<li data-of="{}"><a href="#{}">{}</a></li>)", o->id, o->id, o->from->doc.summary);
    };
    const auto group = [&](html::writer& part, const http::documented_tag& tag) {
        const auto operations = operations_in(api, tag.name);
        part.write(R"(<li><a class="group" href="#section-{}">{}</a><ul>{}</ul></li>)", tag.name, tag.title,
                   html::each(operations, link));
    };
    out.write(
        R"(<nav class="index" aria-label="Operations"><div class="find" hidden>)"
        R"(<label class="hide" for="find">Search the API</label>)"
        R"(<input id="find" type="search" placeholder="Search" autocomplete="off" spellcheck="false" aria-keyshortcuts="/">)"
        R"(<p id="found" role="status"></p></div><ul>{}<li><a class="group" href="#schemas">Schemas</a></li>)"
        R"(<li><a class="group" href="#errors">Errors</a></li></ul></nav>)",
        html::each(api.tags(), group));
}

void write_introduction(html::writer& out, const api_description& api)
{
    const auto topic = [](html::writer& part, const http::documented_topic& t) {
        part.write("<section><h3>{}</h3><p>{}</p></section>", t.title,
                   [&](html::writer& text) { write_prose(text, t.text); });
    };
    out.write(
        R"(<header class="top"><h1>API</h1><p class="lead">{} operations, version {}. Everything on this page comes )"
        R"(from the server that you are looking at; generators and tools read the same as )"
        R"(<a href="/api/openapi.json">OpenAPI 3.1</a>.</p></header><div class="topics">{}</div>)",
        api.operations().size(), api.about().version, html::each(api.about().introduction, topic));
}

void write_parameter(html::writer& row, const described_parameter& p)
{
    row.write(
        R"(<tr data-name="{}" data-in="{}"><th scope="row"><code>{}</code>{}</th><td class="type">{}</td><td>{}<div class="limits">{}</div></td></tr>)",
        p.name, p.place, p.name,
        html::when(p.required, [](html::writer& mark) { mark.write(R"( <span class="must">required</span>)"); }),
        [&](html::writer& type) { write_type(type, p.type); },
        [&](html::writer& text) { write_prose(text, p.facts.meaning); },
        [&](html::writer& limits) { write_constraints(limits, p.type, p.facts); });
}

void write_parameters(html::writer& out, const described_operation& o)
{
    for (const auto& [place, title] :
         {std::pair{"path", "In the path"}, {"query", "Query"}, {"header", "Header fields"}}) {
        std::vector<described_parameter> some;
        std::ranges::copy_if(o.parameters, std::back_inserter(some), [&](const auto& p) { return p.place == place; });
        if (some.empty()) continue;
        out.write(R"(<h4>{}</h4><table>{}</table>)", title, html::each(some, write_parameter));
    }
}

void write_members(html::writer& out, const schema_node& type)
{
    const auto member = [](html::writer& row, const larder::json::schema_member& m) {
        static const larder::json::member_facts unknown{};
        const auto& facts = m.facts != nullptr ? *m.facts : unknown;
        row.write(
            R"(<tr><th scope="row"><code>{}</code>{}</th><td class="type">{}</td><td>{}<div class="limits">{}</div></td></tr>)",
            m.name,
            html::when(m.required, [](html::writer& mark) { mark.write(R"( <span class="must">required</span>)"); }),
            [&](html::writer& t) { write_type(t, *m.schema()); },
            [&](html::writer& text) { write_prose(text, facts.meaning); },
            [&](html::writer& limits) { write_constraints(limits, *m.schema(), facts); });
    };
    out.write("<table>{}</table>", html::each(type.members, member));
}

void write_body(html::writer& out, const described_operation& o)
{
    const auto* body = o.from->doc.body_schema;
    if (body == nullptr) return;
    out.write(R"(<h4>Body{}</h4>)",
              html::when(!o.from->doc.body_required, [](html::writer& mark) { mark.write(" (may be left out)"); }));
    write_members(out, *body);
}

/// The codes of an answer as links to what they mean.
void write_codes(html::writer& out, const http::described_answer& a)
{
    const auto code = [](html::writer& item, const problem_code* p) {
        item.write(R"(<a class="code" href="#error-{}" title="{}">{}</a> )", p->name, p->meaning, p->name);
    };
    out.write("{}", html::each(a.problems, code));
}

void write_answers(html::writer& out, const described_operation& o)
{
    const auto answer = [&](html::writer& row, const http::described_answer& a) {
        const auto content = [&](html::writer& cell) {
            if (a.body != nullptr && o.from->doc.answer_type == "application/json") {
                write_type(cell, *a.body);
            } else if (a.body != nullptr) {
                cell.write("{}", o.from->doc.answer_type);
            } else if (a.problems.empty()) {
                cell.write("no body");
            }
            write_codes(cell, a);
        };
        row.write(R"(<tr><th scope="row"><b class="status s{}">{}</b></th><td class="type">{}</td><td>{}</td></tr>)",
                  a.status / 100, a.status, http::reason_phrase(a.status), content);
    };
    out.write(R"(<h4>Answers</h4><table>{}</table>)", html::each(o.answers, answer));
}

/// The command that sends the recorded request. web/docs/docs.js puts in the address of this server.
std::string curl_of(const api_description& api, const described_operation& o)
{
    const auto* target = api.example(o.id, "target");
    const auto* body = api.example(o.id, "request");
    std::string text = "curl ";
    if (o.from->method != http::verb::get) text.append("-X ").append(method_of(o)).append(" ");
    text.append("'http://localhost:8080").append(target != nullptr ? target->json : o.from->pattern).append("'");
    if (o.from->least_role != http::role::guest) text += " \\\n  -H \"Authorization: Bearer $TOKEN\"";
    for (const auto& p : o.parameters)
        if (p.place == "header" && p.required) text.append(" \\\n  -H '").append(p.name).append(": *'");
    if (o.from->doc.body_schema == nullptr) return text;
    text += " \\\n  -H 'Content-Type: application/json' \\\n  -d '";
    for (const char c : body != nullptr ? body->json : std::string_view{"{}"}) c == '\'' ? text += "'\\''" : text += c;
    return text + "'";
}

void write_block(html::writer& out, std::string_view title, std::string_view kind, std::string_view text)
{
    out.write(R"(<figure class="block"><figcaption>{}</figcaption><pre tabindex="0" class="{}">)"
              "\n{}</pre></figure>",
              title, kind, text);
}

void write_examples(html::writer& out, const api_description& api, const described_operation& o)
{
    write_block(out, "curl", "curl", curl_of(api, o));
    for (const auto& a : o.answers) {
        const auto status = std::to_string(a.status);
        const auto* e = api.example(o.id, status);
        if (e == nullptr) continue;
        const bool json = o.from->doc.answer_type == "application/json";
        write_block(out, "Answer " + status, json ? "json" : "text", json ? indented(e->json) : std::string{e->json});
    }
}

void write_facts(html::writer& out, const described_operation& o)
{
    const auto limits = http::limits_of(*o.from);
    const auto item = [](html::writer& li, const std::string& text) {
        li.write("<li>{}</li>", [&](html::writer& t) { write_prose(t, text); });
    };
    out.write(R"(<ul class="rules"><li>{}</li>{}{}</ul>)", http::access_of(*o.from), html::each(limits, item),
              html::when(o.from->cache != nullptr, [](html::writer& li) {
                  li.write("<li>Answered from the cache, which is never more than 3 s behind a change.</li>");
              }));
}

void write_operation(html::writer& out, const api_description& api, const described_operation& o)
{
    const auto& r = *o.from;
    const auto* target = api.example(o.id, "target");
    const auto* request = api.example(o.id, "request");
    const auto left = [&](html::writer& part) {
        part.write("<p>{}</p>", [&](html::writer& text) { write_prose(text, r.doc.meaning); });
        write_facts(part, o);
        write_parameters(part, o);
        write_body(part, o);
        write_answers(part, o);
    };
    using optional_text = std::optional<std::string_view>;
    out.write(
        R"(<details class="op" id="{}" data-method="{}" data-path="{}" data-target="{}" data-body="{}" data-role="{}">)"
        R"(<summary>{}<code class="path">{}</code><span class="title">{}</span></summary>)"
        R"(<div class="cols"><div>{}</div><div class="side">{}</div></div></details>)",
        o.id, method_of(o), r.pattern, target != nullptr ? optional_text{target->json} : optional_text{},
        r.doc.body_schema == nullptr ? optional_text{}
        : request != nullptr         ? optional_text{request->json}
                                     : optional_text{"{}"},
        http::access_of(r), [&](html::writer& m) { write_method(m, o); }, r.pattern, r.doc.summary, left,
        [&](html::writer& part) { write_examples(part, api, o); });
}

void write_sections(html::writer& out, const api_description& api)
{
    for (const auto& tag : api.tags()) {
        const auto operations = operations_in(api, tag.name);
        out.write(R"(<section class="ops" id="section-{}"><h2>{}</h2><p class="lead">{}</p>{}</section>)", tag.name,
                  tag.title, tag.meaning, html::each(operations, [&](html::writer& part, const described_operation* o) {
                      write_operation(part, api, *o);
                  }));
    }
}

void collect(const schema_node* node, std::map<std::string, const schema_node*>& found)
{
    if (node == nullptr) return;
    if (node->item != nullptr) collect(node->item(), found);
    if (node->kind != larder::json::schema_kind::object || !found.emplace(node->name, node).second) return;
    for (const auto& m : node->members) collect(m.schema(), found);
}

void write_schemas(html::writer& out, const api_description& api)
{
    std::map<std::string, const schema_node*> all;
    for (const auto& o : api.operations()) {
        collect(o.from->doc.body_schema, all);
        for (const auto& a : o.answers) collect(a.body, all);
    }
    const auto schema = [](html::writer& part, const auto& named) {
        part.write(R"(<details class="op schema" id="schema-{}"><summary><code class="path">{}</code>)"
                   R"(<span class="title">{}</span></summary>{}</details>)",
                   named.first, named.first, named.second->meaning,
                   [&](html::writer& members) { write_members(members, *named.second); });
    };
    out.write(
        R"(<section class="ops" id="schemas"><h2>Schemas</h2><p class="lead">The objects that requests and answers )"
        R"(consist of.</p>{}</section>)",
        html::each(all, schema));
}

void write_errors(html::writer& out, const api_description& api)
{
    std::map<std::pair<unsigned, std::string_view>, const problem_code*> all;
    for (const auto& o : api.operations())
        for (const auto& a : o.answers)
            for (const auto* p : a.problems) all.emplace(std::pair{p->status, p->name}, p);
    const auto error = [](html::writer& row, const auto& one) {
        const problem_code& p = *one.second;
        row.write(
            R"(<tr id="error-{}"><th scope="row"><code>{}</code></th><td class="type"><b class="status s{}">{}</b></td>)"
            R"(<td>{} <span class="advice">{}</span></td></tr>)",
            p.name, p.name, p.status / 100, p.status, p.meaning, p.advice);
    };
    out.write(
        R"(<section class="ops" id="errors"><h2>Errors</h2><p class="lead">What the code of a problem means, and what )"
        R"(to do about it.</p><table>{}</table></section>)",
        html::each(all, error));
}

}  // namespace

void write_page(html::writer& out, const api_description& api)
{
    static const html::path css = *html::path::parse(web::docs_css);
    static const html::path js = *html::path::parse(web::docs_js);
    out.write(
        R"(<link rel="stylesheet" href="{}"><script defer src="{}"></script><div class="docs">{}<div class="pages">{}</div></div>)",
        css, js, [&](html::writer& index) { write_index(index, api); },
        [&](html::writer& main) {
            write_introduction(main, api);
            write_sections(main, api);
            write_schemas(main, api);
            write_errors(main, api);
        });
}

}  // namespace agora::docs
