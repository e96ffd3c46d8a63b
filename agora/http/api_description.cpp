// SPDX-License-Identifier: MIT
// Describes the API from the route table. Start with describe_operation(): the parameters are those of the pattern, of
// the handler's query struct, and the header fields that the server itself reads; the problems are those that the route
// declares and those that follow from its other rules.
#include <agora/http/api_description.hpp>
#include <agora/http/idempotency.hpp>
#include <agora/http/problem_codes.hpp>
#include <algorithm>
#include <map>

namespace agora::http {
namespace {

using larder::json::member_facts;
using larder::json::schema_of;

/// Such as "get_api_posts_id". Depends only on the method and the pattern of the route.
std::string made_id(const route& r)
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

bool fails_with(const route& r, unsigned status)
{
    return std::ranges::any_of(r.doc.problems, [&](const auto* p) { return p->status == status; });
}

/// A session cookie authenticates such requests only together with the session's token.
bool needs_csrf_token(const route& r) { return r.least_role != role::guest && r.method != verb::get; }

std::vector<described_parameter> path_parameters(const route& r)
{
    std::vector<described_parameter> all;
    const std::string_view pattern = r.pattern;
    for (auto at = pattern.find('{'); at != std::string_view::npos; at = pattern.find('{', at + 1)) {
        const auto n = all.size();
        const bool integer = n < r.doc.path_param_is_integer.size() && r.doc.path_param_is_integer[n];
        described_parameter p;
        p.name = pattern.substr(at + 1, pattern.find('}', at) - at - 1);
        p.place = "path";
        p.required = true;
        p.type = integer ? *schema_of<std::int64_t>() : *schema_of<std::string>();
        p.facts.least = 1;
        if (n < r.doc.path_param_meanings.size()) p.facts.meaning = r.doc.path_param_meanings[n];
        all.push_back(std::move(p));
    }
    return all;
}

void add_header(std::vector<described_parameter>& all, const member_facts& facts, bool required)
{
    all.push_back({facts.name, "header", required, *schema_of<std::string>(), facts});
}

/// The header fields that the server itself reads.
void add_headers(std::vector<described_parameter>& all, const route& r)
{
    if (r.doc.conditional)
        add_header(
            all,
            {.name = "If-None-Match",
             .meaning = "An ETag that was received before. If it is still current, the response is 304 without a "
                        "body."},
            false);
    if (fails_with(r, 428))
        add_header(all,
                   {.name = "If-Match",
                    .meaning = "The ETag of the version to change, or * for whichever version there is.",
                    .least = 1},
                   true);
    if (needs_csrf_token(r))
        add_header(all,
                   {.name = "X-CSRF-Token",
                    .meaning = "The session's csrf_token. Required when the session cookie authenticates the request."},
                   false);
    if (r.method == verb::post)
        add_header(all,
                   {.name = "Idempotency-Key",
                    .meaning = "Visible ASCII characters that name this request. It is carried out once; a repeat with "
                               "the same key gets the response of the first one.",
                    .least = 1,
                    .most = std::int64_t{max_idempotency_key}},
                   false);
}

std::vector<described_parameter> parameters_of(const route& r)
{
    auto all = path_parameters(r);
    for (const auto& m : r.doc.query_params) {
        described_parameter p;
        p.name = m.name;
        p.place = "query";
        p.type = *m.schema();
        p.type.nullable = false;  // the parameter may be left out, but a query string has no null
        if (m.facts != nullptr) p.facts = *m.facts;
        all.push_back(std::move(p));
    }
    add_headers(all, r);
    return all;
}

/// The problems that follow from the rules of a route, besides those that it declares.
std::vector<const problem_code*> problems_of(const route& r, const shared_problems& shared)
{
    auto all = r.doc.problems;
    const auto add = [&](std::span<const problem_code* const> more) {
        all.insert(all.end(), more.begin(), more.end());
    };
    const auto add_one = [&](const problem_code& p) { all.push_back(&p); };
    if (r.least_role != role::guest || r.doc.knows_members) add(shared.credentials);
    if (r.least_role != role::guest) add_one(problems::credentials_needed);
    // A member may use a read-only API key, with which nothing can be changed.
    if (r.least_role > role::user || needs_csrf_token(r)) add_one(problems::forbidden);
    if (needs_csrf_token(r)) add(shared.cookies);
    if (r.method == verb::post) add(shared.idempotency);
    if (r.doc.body_schema != nullptr)
        for (const auto* p :
             {&problems::malformed_json, &problems::body_too_large, &problems::unsupported_media_type,
              &problems::unsupported_content_encoding, &problems::bad_content_encoding, &problems::invalid_fields})
            add_one(*p);
    if (!r.doc.query_params.empty()) add_one(problems::invalid_fields);
    if (!r.limits.empty()) add_one(problems::rate_limited);
    if (!r.handler->immediate() || r.least_role != role::guest || !r.limits.empty()) {  // it may wait for others
        add_one(problems::unavailable);
        add(shared.dependencies);
    }
    const auto by_name = [](const auto* p) { return p->name; };
    std::ranges::sort(all, {}, by_name);
    const auto repeated = std::ranges::unique(all);
    all.erase(repeated.begin(), repeated.end());
    return all;
}

std::vector<described_answer> answers_of(const route& r, const shared_problems& shared)
{
    std::map<unsigned, described_answer> by_status;
    for (const auto& [status, body] : r.doc.answers) by_status[status] = {status, body};
    if (r.doc.conditional) by_status[304] = {304};
    for (const auto* p : problems_of(r, shared)) {
        auto& answer = by_status[p->status];
        answer.status = p->status;
        answer.problems.push_back(p);
    }
    std::vector<described_answer> all;
    for (auto& [status, answer] : by_status) all.push_back(std::move(answer));
    return all;
}

described_operation describe_operation(const route& r, const shared_problems& shared)
{
    return {&r, r.doc.id.empty() ? made_id(r) : r.doc.id, parameters_of(r), answers_of(r, shared)};
}

std::string_view counted_by(limited_by by) noexcept
{
    switch (by) {
        case limited_by::address:
            return "for each client address";
        case limited_by::user:
            return "for each member, except moderators and admins";
        case limited_by::key:
            return "for each API key";
    }
    return {};
}

}  // namespace

api_description::api_description(const router& routes, const documentation& d)
    : about_{d}, tags_(d.tags.begin(), d.tags.end())
{
    for (const auto& r : routes.routes()) {
        if (!r->doc.listed || r->own_view != nullptr) continue;
        operations_.push_back(describe_operation(*r, d.problems));
        const std::string_view tag = r->doc.tag;
        if (!tag.empty() && std::ranges::find(tags_, tag, &documented_tag::name) == tags_.end())
            tags_.push_back({tag, tag, {}});
    }
}

const documented_example* api_description::example(std::string_view operation, std::string_view part) const noexcept
{
    const auto found = std::ranges::find_if(about_.examples,
                                            [&](const auto& e) { return e.operation == operation && e.part == part; });
    return found == about_.examples.end() ? nullptr : &*found;
}

std::string_view access_of(const route& r) noexcept
{
    switch (r.least_role) {
        case role::guest:
            return r.doc.knows_members ? "Open to everyone; a member who is signed in gets their own view."
                                       : "Open to everyone, and the same for everyone.";
        case role::user:
            return "For members: sign in, or send an access token or an API key.";
        case role::moderator:
            return "For moderators and admins.";
        case role::admin:
            return "For admins.";
    }
    return {};
}

std::string duration_text(std::chrono::milliseconds d)
{
    using namespace std::chrono;
    const auto seconds = duration_cast<std::chrono::seconds>(d).count();
    if (seconds % 3600 == 0) return std::to_string(seconds / 3600) + " h";
    if (seconds % 60 == 0) return std::to_string(seconds / 60) + " min";
    return std::to_string(seconds) + " s";
}

std::vector<std::string> limits_of(const route& r)
{
    std::vector<std::string> all;
    for (const auto& [limit, by] : r.limits) {
        const auto& rule = limit->rule();
        all.push_back("`" + rule.name + "`: " + std::to_string(rule.quota) + " requests in " +
                      duration_text(rule.window) + " " + std::string{counted_by(by)} + ".");
    }
    if (r.doc.body_schema != nullptr)
        all.push_back("The body has at most " + std::to_string(r.max_body / 1024) + " KiB.");
    return all;
}

}  // namespace agora::http
