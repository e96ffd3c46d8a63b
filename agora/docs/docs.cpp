// SPDX-License-Identifier: MIT
// See docs.hpp. The page is cached under a hash of the OpenAPI document, so that a newer version of the server does not
// show an older version's page.
#include <agora/docs/docs.hpp>
#include <agora/docs/page.hpp>
#include <agora/http/openapi.hpp>
#include <larder/fnv.hpp>

namespace agora::docs {
namespace {

constexpr larder::region<http::stored_page(std::uint64_t)> pages{"page:docs:{}", {.ttl = std::chrono::hours{1}}};

}  // namespace

class slice::made_documents {
 public:
    explicit made_documents(http::api_description described)
        : api{std::move(described)}, openapi{http::make_openapi(api)}, hash{larder::fnv1a(openapi)}
    {}
    const http::api_description api;
    const std::string openapi;
    const std::uint64_t hash;
};

slice::slice(http::router& routes, larder::cache& cache, const site::site& in, std::string session_cookie,
             const http::shared_problems& problems)
    : routes_{routes}, session_cookie_{std::move(session_cookie)}, problems_{problems}
{
    cache.declare(pages);
    routes.section("health");
    routes.get("/api/openapi.json", &slice::document, *this)
        .named("get_openapi", "The OpenAPI document")
        .describe("This API as an OpenAPI 3.1 document, from which clients can be generated.")
        .returns<larder::json::raw_json>(200);
    routes.page("/docs", &slice::page, *this, in.view()).cached(cache, [this](http::anyone) { return key_of_page(); });
}

slice::~slice() = default;

const slice::made_documents& slice::documents()
{
    std::call_once(made_, [this] {
        documents_ = std::make_unique<const made_documents>(describe(routes_, session_cookie_, problems_));
    });
    return *documents_;
}

const std::string& slice::openapi() { return documents().openapi; }

http::response slice::document(http::anyone)
{
    http::response answer{200, http::json_type, openapi()};
    answer.cacheable = true;
    answer.cache_control = "public, max-age=0, must-revalidate";
    return answer;
}

std::optional<http::page_key> slice::key_of_page() { return pages(documents().hash); }

outcome<site::page> slice::page(http::anyone)
{
    site::page p;
    p.title = "API";
    p.description = "Every operation of this community's API, with its parameters, answers and errors.";
    p.canonical = "/docs";
    write_page(p.main, documents().api);
    return p;
}

}  // namespace agora::docs
