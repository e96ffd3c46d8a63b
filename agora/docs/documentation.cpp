// SPDX-License-Identifier: MIT
// The texts of the documentation. Start with describe(). An example is one line of examples.txt: the id of the
// operation, the part ("request" or a status), and the JSON.
#include <agora/docs/documentation.hpp>
#include <agora/embedded.hpp>
#include <agora/version.hpp>

namespace agora::docs {
namespace {

constexpr http::documented_topic introduction[]{
    {"Start here",
     "Every address below `/api` takes and returns JSON. Reading needs no account. `GET /api/posts` is a good first "
     "request. Ids are 64-bit integers, times are RFC 3339 in UTC with milliseconds."},
    {"Signing in",
     "Programs send `Authorization: Bearer` with an access token of `POST /api/auth/login`, or with an API key of "
     "`POST /api/api-keys`. Browsers sign in with `POST /api/sessions`, which sets a cookie. With the cookie, every "
     "request that changes something also needs the header `X-CSRF-Token`; `GET /api/sessions/current` has its value."},
    {"Lists",
     "A list is an object with `data`, the rows, and `page`, which says where they are. To read on, send "
     "`page.next_cursor` as `cursor`, with the same other parameters, until `has_more` is false. Numbered pages "
     "(`page` "
     "and `per_page`) and offsets (`skip` and `limit`) reach the first 10,000 rows."},
    {"Errors",
     "A request that fails gets a problem (RFC 9457) as `application/problem+json`. Programs decide by its `code`, "
     "which never changes; `detail` is for people. `invalid_fields` lists every field that was refused in `errors`. "
     "Any request can fail with `unavailable` (503) or `internal` (500)."},
    {"Changes and conflicts",
     "A post or a comment is changed with `If-Match` and the `ETag` of the version that was read. If somebody else has "
     "changed it meanwhile, the answer is `stale` (412) and nothing is lost. A POST may carry an `Idempotency-Key`: "
     "it is then carried out once, however often it is sent."},
    {"Caching and limits",
     "Responses to reading have an `ETag`; send it as `If-None-Match` and get a 304 without a body when nothing has "
     "changed. Where a rate limit applies, `RateLimit` says what is left, and a 429 has `Retry-After` in seconds."},
};

constexpr http::documented_tag tags[]{
    {"posts", "Posts", "Reading and writing posts."},
    {"comments", "Comments", "Reading and writing comments on posts, as threads or as a flat list."},
    {"categories", "Categories and tags",
     "What posts are sorted by: categories, which the operator makes, and tags, which authors choose."},
    {"users", "Users", "Public profiles, and who follows whom."},
    {"accounts", "Accounts", "Registering, signing in and out, passwords, e-mail addresses, sessions and API keys."},
    {"admin", "Administration", "For admins: the cache, the log of security events, and the roles of members."},
    {"health", "Operation", "For operators and their tools: probes, health, metrics, and this document."},
    {"demo", "Examples", "Routes to try caching and rate limits with."},
};

/// Splits the lines of examples.txt, once.
std::vector<http::documented_example> read_examples()
{
    std::vector<http::documented_example> all;
    for (const auto& file : embedded::api_examples) {
        std::string_view rest = file.text;
        for (auto end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
            const auto line = rest.substr(0, end);
            rest.remove_prefix(end + 1);
            const auto first = line.find(' ');
            const auto second = line.find(' ', first + 1);
            if (second == std::string_view::npos) continue;
            all.push_back({line.substr(0, first), line.substr(first + 1, second - first - 1), line.substr(second + 1)});
        }
    }
    return all;
}

}  // namespace

http::api_description describe(const http::router& routes, std::string_view session_cookie,
                               const http::shared_problems& problems)
{
    static const auto examples = read_examples();
    http::documentation d;
    d.title = "agora";
    d.version = version;
    d.session_cookie = session_cookie;
    d.introduction = introduction;
    d.tags = tags;
    d.examples = examples;
    d.problems = problems;
    return {routes, d};
}

}  // namespace agora::docs
