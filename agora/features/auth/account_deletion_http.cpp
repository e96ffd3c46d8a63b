// SPDX-License-Identifier: MIT
// The route that deletes the member's own account, see account_deletion.hpp.
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
    // Without the account the member's sessions are invalid already; this deletes them from the store.
    http::response gone;
    auto removed = co_await authenticator_.removed_cookie(r);
    if (removed) gone.headers.emplace_back("Set-Cookie", *std::move(removed));
    co_await sessions_.destroy_all(std::to_string(r.who.user_id));
    co_return gone;
}

void mount_account_deletion(http::router& routes, account_deletion_api& api)
{
    routes.del("/api/users/me", &account_deletion_api::remove, api)
        .summary("Delete your account; ?scrub=true also deletes what you have written")
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
