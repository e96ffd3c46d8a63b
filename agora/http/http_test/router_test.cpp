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

struct thing {
    std::int64_t id = 0;
    std::string name;
};
BOOST_DESCRIBE_STRUCT(thing, (), (id, name))

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

TEST_F(routed, the_openapi_document_lists_all_routes)
{
    const auto doc = make_openapi(api, {"things", "1.0", "things.sid"});
    for (const auto* part : {R"("openapi":"3.1.0")", R"("/things/{id}/parts/{part}":)", R"("put":)",
                             R"("name":"limit","in":"query")", R"("#/components/schemas/http.thing")",
                             R"("requestBody")", R"("summary":"List")", R"("bearer")", R"("name":"things.sid")"})
        EXPECT_NE(doc.find(part), std::string::npos) << part << "\n" << doc;
}

TEST_F(routed, the_openapi_document_names_header_fields)
{
    api.patch("/things/{id}", &things_api::put, things).returns(428).returns(429);
    api.post("/things", &things_api::list, things);
    const auto doc = make_openapi(api, {"things", "1.0", "things.sid"});
    const auto operation = [&](const std::string& id) {
        const auto at = doc.find("\"operationId\":\"" + id + "\"");
        return doc.substr(at, doc.find("\"operationId\"", at + 1) - at);
    };
    const auto patch = operation("patch_things_id");
    const auto post = operation("post_things");
    const auto get = operation("get_things");
    const std::string_view if_match = R"("name":"If-Match","in":"header")";
    const std::string_view csrf = R"("name":"X-CSRF-Token","in":"header")";
    const std::string_view key = R"("name":"Idempotency-Key","in":"header")";
    const auto names = [](std::string_view text, std::string_view part) {
        return text.find(part) != std::string_view::npos;
    };
    EXPECT_TRUE(names(patch, if_match) && names(patch, csrf) && !names(patch, key)) << patch;
    EXPECT_TRUE(!names(post, if_match) && !names(post, csrf) && names(post, key)) << post;
    EXPECT_FALSE(names(get, if_match) || names(get, csrf) || names(get, key)) << get;
    EXPECT_TRUE(names(patch, R"("429":{"$ref":"#/components/responses/too_many_requests"})")) << patch;
    EXPECT_FALSE(names(get, "\"429\""));
    for (const auto& one : {patch, post, get})
        EXPECT_TRUE(names(one, R"("503":{"$ref":"#/components/responses/unavailable"})"));
    for (const auto* name : {"too_many_requests", "unavailable"}) {
        const auto response = doc.substr(doc.find("\"" + std::string{name} + "\":{\"description\""), 200);
        EXPECT_TRUE(names(response, R"("headers":{"Retry-After":{)")) << response;
    }
}

}  // namespace
}  // namespace agora::http
