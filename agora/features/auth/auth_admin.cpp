// SPDX-License-Identifier: MIT
// The administrators' routes: changing roles and reading the log of security events.
#include <agora/api/answer.hpp>
#include <agora/features/auth/auth_admin.hpp>

namespace agora::auth {

asio::awaitable<http::response> auth_admin_api::set_role(const http::request& r, const http::path<std::int64_t>& id,
                                                         const http::body<role_wish>& wish)
{
    const auto& role = wish->role;
    if (role != "user" && role != "moderator" && role != "admin") {
        std::vector<field_error> errors;
        errors.emplace_back("role", "invalid", "must be one of user, moderator, admin");
        co_return http::problem(r, failure::invalid(std::move(errors)));
    }
    if (*id == r.who.user_id)
        co_return http::problem(r, problems::oneself, "only another administrator can change your role");
    const auto done = co_await auth_.accounts().set_role(*id, role, r.who.user_id);
    if (!done) co_return http::problem(r, done.error());
    security_event e{"role_changed", origin{std::string{r.client}, "", std::string{r.request_id}}};
    e.user_id = *id;
    e.actor_id = r.who.user_id;
    e.detail = role;
    co_await auth_.accounts().record(e, auth_.clock().wall());
    const auto now = co_await users::find(users_, *id, r.who.user_id);
    if (!now) co_return http::problem(r, now.error());
    co_return api::json_answer(200, *now);
}

asio::awaitable<http::response> auth_admin_api::events(const http::request& r, const http::query<event_query>& q)
{
    const std::string whose = std::to_string(q->user_id.value_or(0));
    const api::cursors cursors{signer_, "security", {whose}};
    const auto w = cursors.read(*q);
    if (!w) co_return http::problem(r, w.error());
    auto rows = co_await auth_.accounts().events(q->user_id.value_or(0), *w);
    const auto id_of = [](const recorded_event& e) { return e.id; };
    co_return api::json_answer(200, api::make_list(api::placed_by(std::move(rows), id_of), *w, cursors));
}

void mount_auth_admin(http::router& routes, auth_admin_api& api)
{
    const auto admin = [](http::route& route, const char* summary) -> http::route& {
        return route.summary(summary).tagged("admin").needs(http::role::admin).returns(403);
    };
    admin(routes.put("/api/admin/users/{id}/role", &auth_admin_api::set_role, api), "Change a member's role")
        .returns<users::user>(200)
        .returns(404)
        .returns(409)
        .returns(422);
    admin(routes.get("/api/admin/security-events", &auth_admin_api::events, api),
          "Security events, newest first: sign-ins, failed sign-ins, and changes of accounts")
        .returns<api::list<recorded_event>>(200);
}

}  // namespace agora::auth
