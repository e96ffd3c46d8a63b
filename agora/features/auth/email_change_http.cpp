// SPDX-License-Identifier: MIT
// The routes for changing the e-mail address of an account, see email_change.hpp.
#include <agora/api/answer.hpp>
#include <agora/features/auth/email_change_http.hpp>

namespace agora::auth {

asio::awaitable<http::response> email_change_api::ask(const http::request& r, const http::body<email_wish>& b)
{
    const origin from{std::string{r.client}, "", std::string{r.request_id}};
    const auto done = co_await change_.ask(r.who.user_id, b->email, b->password, from);
    if (!done) co_return http::problem(r, done.error());
    email_change_message m;
    m.message = "an email is being sent to the new address; your address changes when you follow its link";
    co_return api::json_answer(202, m);
}

asio::awaitable<http::response> email_change_api::confirm(const http::request& r,
                                                          const http::body<email_confirmation>& b)
{
    const origin from{std::string{r.client}, "", std::string{r.request_id}};
    const auto done = co_await change_.confirm(b->token, from);
    if (!done) co_return http::problem(r, done.error());
    co_return http::response{};
}

void mount_email_change(http::router& routes, email_change_api& api, larder::rate_limit& confirmations)
{
    using http::limited_by;
    const auto documented = [](http::route& route, const char* summary) -> http::route& {
        return route.summary(summary).tagged("accounts").body_limit(16 * 1024).shown_once().returns(403).returns(422);
    };
    documented(routes.put("/api/auth/email", &email_change_api::ask, api),
               "Request another e-mail address; it takes effect when the email sent to it is confirmed")
        .needs(http::role::user)
        .returns<email_change_message>(202)
        .returns(401)
        .returns(429);
    documented(routes.post("/api/auth/email/confirm", &email_change_api::confirm, api),
               "Confirm the new e-mail address with the token from the email")
        .without_cookies()
        .limit(confirmations, limited_by::address)
        .returns(204)
        .returns(409);
}

}  // namespace agora::auth
