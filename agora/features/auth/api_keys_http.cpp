// SPDX-License-Identifier: MIT
// The routes of API keys, see api_keys.hpp.
#include <agora/api/answer.hpp>
#include <agora/features/auth/api_keys_http.hpp>

namespace agora::auth {

asio::awaitable<http::response> api_keys_api::create(const http::request& r, const http::body<api_key_wish>& wish)
{
    const auto made = co_await keys_.create(r.who.user_id, r.who.key_id, *wish);
    if (!made) co_return http::problem(r, made.error());
    co_return api::created("/api/api-keys/" + std::to_string(made->id), *made);
}

asio::awaitable<http::response> api_keys_api::all(const http::request& r)
{
    api_key_list list;
    list.data = co_await keys_.of_user(r.who.user_id);
    co_return api::json_answer(200, list);
}

asio::awaitable<http::response> api_keys_api::revoke(const http::request& r, const http::path<std::int64_t>& id)
{
    const auto done = co_await keys_.revoke(r.who.user_id, *id);
    if (!done) co_return http::problem(r, done.error());
    co_return http::response{};
}

void mount_api_keys(http::router& routes, api_keys_api& api, larder::cache& cache)
{
    cache.declare(key_owners);
    const auto own = [](http::route& route, const char* summary) -> http::route& {
        return route.summary(summary).tagged("accounts").needs(http::role::user).returns(401);
    };
    own(routes.get("/api/api-keys", &api_keys_api::all, api), "Your API keys").returns<api_key_list>(200);
    own(routes.post("/api/api-keys", &api_keys_api::create, api),
        "Create an API key; it is shown once. A key created with another key can do no more and ends no later")
        .shown_once()
        .returns<new_api_key>(201)
        .returns(409)
        .returns(422);
    own(routes.del("/api/api-keys/{id}", &api_keys_api::revoke, api), "Revoke an API key and the keys created with it")
        .returns(204)
        .returns(404);
}

}  // namespace agora::auth
