// SPDX-License-Identifier: MIT
#include <agora/api/answer.hpp>
#include <agora/features/auth/account_deletion_http.hpp>

namespace agora::auth {

asio::awaitable<http::response> account_deletion_api::remove(const http::request& r,
                                                             const http::query<deletion_query>& q,
                                                             const http::body<deletion_request>& b)
{
    const origin from{std::string{r.client}, "", std::string{r.request_id}};
    const auto done = co_await account_deletion_.remove(r.who.user_id, b->password, q->scrub, from);
    if (!done) co_return http::problem(r, done.error());
    // The member's sessions count no more; this deletes them.
    http::response gone;
    auto removed = co_await authenticator_.removed_cookie(r);
    if (removed) gone.headers.emplace_back("Set-Cookie", *std::move(removed));
    co_await sessions_.destroy_all(std::to_string(r.who.user_id));
    co_return gone;
}

void mount_account_deletion(http::router& routes, account_deletion_api& api)
{
    routes.del("/api/users/me", &account_deletion_api::remove, api)
        .summary("Leave for good; ?scrub=true takes along what one has written")
        .tagged("accounts")
        .needs(http::role::user)
        .body_limit(16 * 1024)
        .returns(204)
        .returns(401)
        .returns(403)
        .returns(409)
        .returns(422)
        .returns(429);
}

}  // namespace agora::auth
