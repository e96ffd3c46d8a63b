// SPDX-License-Identifier: MIT
#include <agora/api/answer.hpp>
#include <agora/features/auth/recovery_http.hpp>

namespace agora::auth {

origin recovery_api::origin_of(const http::request& r) const
{
    return origin{std::string{r.client}, "", std::string{r.request_id}};
}

/// The same answer for every address, and also when too many letters were asked for: they are not sent.
asio::awaitable<http::response> recovery_api::forgot(const http::request& r, const http::body<forgotten>& b)
{
    const auto tries = co_await mails_.take(normalized_email(b->email));
    const auto from = origin_of(r);
    if (tries.allowed) co_await recovery_.ask_reset(b->email, from);
    recovery_message m;
    m.message = "if this address has an account, a letter is on its way to it";
    co_return api::json_answer(202, m);
}

asio::awaitable<http::response> recovery_api::reset(const http::request& r, const http::body<new_password>& b)
{
    const auto from = origin_of(r);
    const auto whose = co_await recovery_.reset(b->token, b->new_password, from);
    if (!whose) co_return http::problem(r, whose.error());
    // Cookies have ended by the new password; this clears them away.
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
    m.message = "if your address is not verified yet, a letter is on its way to it";
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
              "Have a letter sent for a new password")
        .returns<recovery_message>(202);
    by_letter(routes.post("/api/auth/password/reset", &recovery_api::reset, api),
              "A new password, by the token of the letter")
        .returns(204)
        .returns(403)
        .returns(422);
    by_letter(routes.post("/api/auth/verify-email", &recovery_api::verify, api),
              "The address is one's own, by the token of the letter")
        .returns(204)
        .returns(403);
    documented(routes.post("/api/auth/resend-verification", &recovery_api::resend, api), "Have that letter sent again")
        .needs(http::role::user)
        .returns<recovery_message>(202)
        .returns(401);
}

}  // namespace agora::auth
