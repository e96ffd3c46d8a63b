// SPDX-License-Identifier: MIT
// The routes for forgotten passwords and for verifying e-mail addresses; mount_recovery() at the end lists them.
// forgot() and resend() answer the same whether or not an email is sent.
#include <agora/api/answer.hpp>
#include <agora/features/auth/recovery_http.hpp>

namespace agora::auth {

origin recovery_api::origin_of(const http::request& r) const
{
    return origin{std::string{r.client}, "", std::string{r.request_id}};
}

/// The response is the same for every address, and also if too many emails were requested and none is sent.
asio::awaitable<http::response> recovery_api::forgot(const http::request& r, const http::body<forgotten>& b)
{
    const auto tries = co_await mails_.take(normalized_email(b->email));
    const auto from = origin_of(r);
    if (tries.allowed) co_await recovery_.ask_reset(b->email, from);
    recovery_message m;
    m.message = "if this address has an account, an email is being sent to it";
    co_return api::json_answer(202, m);
}

asio::awaitable<http::response> recovery_api::reset(const http::request& r, const http::body<new_password>& b)
{
    const auto from = origin_of(r);
    const auto whose = co_await recovery_.reset(b->token, b->new_password, from);
    if (!whose) co_return http::problem(r, whose.error());
    // The new password has invalidated the member's sessions; this deletes them from the store.
    co_await sessions_.destroy_all(std::to_string(*whose));
    co_return http::response{};
}

asio::awaitable<http::response> recovery_api::verify(const http::request& r, const http::body<verification>& b)
{
    const auto from = origin_of(r);
    const auto done = co_await recovery_.verify(b->token, from);
    if (!done) co_return http::problem(r, done.error());
    co_return http::response{};
}

asio::awaitable<http::response> recovery_api::resend(const http::request& r)
{
    const auto tries = co_await mails_.take("user:" + std::to_string(r.who.user_id));
    if (tries.allowed) co_await recovery_.ask_verification(r.who.user_id);
    recovery_message m;
    m.message = "if your address is not verified yet, an email is being sent to it";
    co_return api::json_answer(202, m);
}

void mount_recovery(http::router& routes, recovery_api& api, larder::rate_limit& recovery_attempts)
{
    using http::limited_by;
    const auto documented = [&](http::route& route, const char* summary) -> http::route& {
        return route.summary(summary)
            .tagged("accounts")
            .body_limit(16 * 1024)
            .limit(recovery_attempts, limited_by::address);
    };
    const auto by_letter = [&](http::route& route, const char* summary) -> http::route& {
        return documented(route, summary).without_cookies();
    };
    by_letter(routes.post("/api/auth/password/forgot", &recovery_api::forgot, api),
              "Request an email for resetting the password")
        .returns<recovery_message>(202);
    by_letter(routes.post("/api/auth/password/reset", &recovery_api::reset, api),
              "Set a new password with the token from the email")
        .returns(204)
        .returns(403)
        .returns(422);
    by_letter(routes.post("/api/auth/verify-email", &recovery_api::verify, api),
              "Verify the e-mail address with the token from the email")
        .returns(204)
        .returns(403);
    documented(routes.post("/api/auth/resend-verification", &recovery_api::resend, api),
               "Request the verification email again")
        .needs(http::role::user)
        .returns<recovery_message>(202)
        .returns(401);
}

}  // namespace agora::auth
