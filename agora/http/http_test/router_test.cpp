// SPDX-License-Identifier: MIT
// The router: matching, reading a handler's arguments, and the OpenAPI document.
#include <gtest/gtest.h>

#include <agora/http/openapi.hpp>
#include <agora/http/router.hpp>

namespace agora::http {
namespace {

struct filter {
    std::optional<std::int64_t> limit;
    std::string sort = "new";
};
BOOST_DESCRIBE_STRUCT(filter, (), (limit, sort))

constexpr std::array<std::string_view, 2> orders{"new", "top"};
constexpr larder::json::member_facts filter_facts[]{
    {.name = "limit", .meaning = "How many.", .least = 1, .most = 100, .initial = "20"},
    {.name = "sort", .meaning = "The order.", .initial = "\"new\"", .words = orders},
};
larder::json::type_facts facts_of(std::type_identity<filter>) { return {"Filter", "Which.", filter_facts}; }

struct thing {
    std::int64_t id = 0;
    std::string name;
};
BOOST_DESCRIBE_STRUCT(thing, (), (id, name))
larder::json::type_facts facts_of(std::type_identity<thing>) { return {"Thing", "One thing."}; }

class things_api {
 public:
    response one(anyone, const path<std::int64_t>& id) { return answer("one " + std::to_string(*id)); }
    response named(anyone, const path<std::string>& name) { return answer("named " + *name); }
    response list(anyone, const query<filter>& q)
    {
        return answer(q->sort + " " + std::to_string(q->limit.value_or(-1)));
    }
    response below(anyone, const path<std::int64_t>& a, const path<std::string>& b)
    {
        return answer(std::to_string(*a) + "/" + *b);
    }
    response put(admin, const request& r, const path<std::int64_t>& id, const body<thing>& t)
    {
        return answer(std::to_string(*id) + t->name + std::string{r.method_token});
    }

 private:
    static response answer(std::string text) { return {200, "text/plain", std::move(text)}; }
};

class routed : public ::testing::Test {
 protected:
    routed()
    {
        api.get("/things", &things_api::list, things).summary("List").returns<std::vector<thing>>(200);
        api.get("/things/{id}", &things_api::one, things).summary("One").returns<thing>(200);
        api.get("/things/by-name/{name}", &things_api::named, things);
        api.get("/things/{name}", &things_api::named, things);
        api.get("/things/list", &things_api::list, things);
        api.get("/things/{id}/parts/{part}", &things_api::below, things);
        api.put("/things/{id}", &things_api::put, things);
    }

    std::string call(verb method, std::string_view path, std::string_view query = {}, std::string_view body = {})
    {
        r.clear();
        r.method = method;
        r.method_token = to_string(method);
        r.path = path;
        r.query = query;
        r.body = body;
        r.admitted.known = true;
        r.caller.role = role::admin;
        if (!body.empty()) r.add_header("Content-Type", "application/json; charset=utf-8");
        const auto m = api.match(r);
        if (m.found == nullptr) return "none " + std::to_string(m.allowed);
        const auto answer = m.found->handler->sync(r);
        return answer.status == 200 ? answer.body : std::to_string(answer.status) + " " + answer.body;
    }

    things_api things;
    router api;
    request r;
};

TEST_F(routed, static_segments_win_over_parameters_and_digits_over_text)
{
    EXPECT_EQ(call(verb::get, "/things/list"), "new -1");
    EXPECT_EQ(call(verb::get, "/things/7"), "one 7");
    EXPECT_EQ(call(verb::get, "/things/7up"), "named 7up");
    EXPECT_EQ(call(verb::get, "/things/by-name/7"), "named 7");
    EXPECT_EQ(call(verb::get, "/things/by-name"), "named by-name")
        << "matching continues after a branch that leads to no route";
    EXPECT_EQ(call(verb::get, "/things/3/parts/a%2Fb"), "3/a/b");
    EXPECT_EQ(call(verb::head, "/things/7"), "one 7");
}

TEST_F(routed, unknown_paths_and_unsupported_methods_are_distinguished)
{
    const auto get = 1U << static_cast<unsigned>(verb::get);
    const auto put = 1U << static_cast<unsigned>(verb::put);
    for (const auto* path :
         {"/", "/thing", "/things/", "/things//parts/x", "/things/3/parts", "/things/3/parts/x/y", "//things"})
        EXPECT_EQ(call(verb::get, path), "none 0") << path;
    EXPECT_EQ(call(verb::post, "/things/7"), "none " + std::to_string(get | put));
    EXPECT_EQ(call(verb::other, "/things/list"), "none " + std::to_string(get));
}

TEST_F(routed, arguments_that_cannot_be_read_never_reach_the_handler)
{
    EXPECT_EQ(call(verb::get, "/things", "sort=top&limit=5&unknown=1"), "top 5");
    EXPECT_EQ(call(verb::get, "/things", "limit=five").substr(0, 3), "422");
    EXPECT_NE(call(verb::get, "/things", "limit=five").find(R"("field":"limit")"), std::string::npos);
    EXPECT_EQ(call(verb::get, "/things/99999999999999999999").substr(0, 3), "404");
    EXPECT_EQ(call(verb::get, "/things/by-name/%zz").substr(0, 3), "400");
    EXPECT_EQ(call(verb::put, "/things/1", "", R"({"id":1,"name":"x"})"), "1xPUT");
    EXPECT_EQ(call(verb::put, "/things/1", "", R"({"id":1,"name":"x")").substr(0, 3), "400");
    EXPECT_EQ(call(verb::put, "/things/1", "", R"({"id":"1","nme":"x"})").substr(0, 3), "422");
    EXPECT_EQ(call(verb::put, "/things/1").substr(0, 3), "415") << "Content-Type is missing";
}

std::string document_of(const router& api)
{
    documentation d;
    d.title = "things";
    d.version = "1.0";
    d.session_cookie = "things.sid";
    return make_openapi(api_description{api, d});
}

/// The part of the document that describes one operation.
std::string operation_in(const std::string& document, const std::string& id)
{
    const auto at = document.find("\"operationId\":\"" + id + "\"");
    EXPECT_NE(at, std::string::npos) << id;
    return at == std::string::npos ? std::string{} : document.substr(at, document.find("\"operationId\"", at + 1) - at);
}

TEST_F(routed, the_openapi_document_lists_all_routes)
{
    const auto doc = document_of(api);
    for (const auto* part : {R"("openapi":"3.1.0")", R"("/things/{id}/parts/{part}":)", R"("put":)",
                             R"("name":"limit","in":"query")", R"("#/components/schemas/Thing")", R"("requestBody")",
                             R"("summary":"List")", R"("bearer")", R"("name":"things.sid")"})
        EXPECT_NE(doc.find(part), std::string::npos) << part << "\n" << doc;
}

TEST_F(routed, the_openapi_document_has_what_is_known_about_parameters)
{
    api.get("/named/{id}", &things_api::one, things)
        .named("get_thing", "One")
        .describe("All of it.")
        .path_params("The id.");
    const auto doc = document_of(api);
    EXPECT_NE(doc.find(R"("name":"sort","in":"query","description":"The order.","required":false,)"
                       R"("schema":{"type":"string","enum":["new","top"],"default":"new"})"),
              std::string::npos)
        << doc;
    EXPECT_NE(doc.find(R"("schema":{"type":"integer","format":"int64","minimum":1,"maximum":100,"default":20})"),
              std::string::npos)
        << doc;
    const auto get = operation_in(doc, "get_thing");
    EXPECT_NE(get.find(R"("description":"All of it.\n\nOpen to everyone)"), std::string::npos) << get;
    EXPECT_NE(get.find(R"("name":"id","in":"path","description":"The id.","required":true)"), std::string::npos) << get;
    EXPECT_NE(get.find(R"("security":[])"), std::string::npos) << get;
}

const problem_code worn{"worn", 409, "The thing is worn.", "Mend it."};
const problem_code version_needed{"version_needed", 428, "No version was sent.", "Send one."};

TEST_F(routed, the_openapi_document_has_the_errors_by_code)
{
    larder::limiter limits;
    auto& often = limits.limit({.name = "often", .quota = 7, .window = std::chrono::minutes{2}});
    api.patch("/things/{id}", &things_api::put, things).fails(worn, version_needed).limit(often, limited_by::user);
    const auto doc = document_of(api);
    const auto patch = operation_in(doc, "patch_things_id");
    for (const auto* part :
         {R"("409":{"description":"- `worn`: The thing is worn. Mend it.")", R"({"code":{"enum":["worn"]}})",
          R"("worn":{"$ref":"#/components/examples/worn"})", R"("credentials_needed")", R"("malformed_json")",
          R"("invalid_fields")", R"("503":{"$ref":"#/components/responses/Unavailable"})", R"("Retry-After")",
          R"(`often`: 7 requests in 2 min for each member, except moderators and admins.)",
          R"("x-limits":[{"name":"often","quota":7,"window_seconds":120,"counted_by":"user"}])"})
        EXPECT_NE(patch.find(part), std::string::npos) << part << "\n" << patch;
    EXPECT_NE(doc.find(R"("worn":{"summary":"The thing is worn.","value":{)"), std::string::npos) << doc;
}

TEST_F(routed, the_openapi_document_leaves_out_what_is_not_for_programs)
{
    api.get("/hidden", &things_api::list, things).undocumented();
    EXPECT_EQ(document_of(api).find("/hidden"), std::string::npos);
}

TEST_F(routed, the_openapi_document_names_header_fields)
{
    api.patch("/things/{id}", &things_api::put, things).fails(version_needed);
    api.post("/things", &things_api::list, things);
    const auto doc = document_of(api);
    const auto patch = operation_in(doc, "patch_things_id");
    const auto post = operation_in(doc, "post_things");
    const auto get = operation_in(doc, "get_things");
    const std::string_view if_match = R"("name":"If-Match","in":"header")";
    const std::string_view csrf = R"("name":"X-CSRF-Token","in":"header")";
    const std::string_view key = R"("name":"Idempotency-Key","in":"header")";
    const auto names = [](std::string_view text, std::string_view part) {
        return text.find(part) != std::string_view::npos;
    };
    EXPECT_TRUE(names(patch, if_match) && names(patch, csrf) && !names(patch, key)) << patch;
    EXPECT_TRUE(!names(post, if_match) && !names(post, csrf) && names(post, key)) << post;
    EXPECT_FALSE(names(get, if_match) || names(get, csrf) || names(get, key)) << get;
}

}  // namespace
}  // namespace agora::http
