// SPDX-License-Identifier: MIT
// The routes for registering and for signing in with tokens. The constructor lists them with their limits, which count
// by the client's address.
#include <agora/features/sign_ins/sign_ins.hpp>
#include <agora/services/services.hpp>

namespace agora::sign_ins {

using namespace std::chrono_literals;
using http::limited_by;

slice::slice(services& s, accounts::slice& accounts, security_events::slice& events, credentials::key_ring keys,
             registration_mode mode)
    : store_{make_store(s.outbox)},
      accounts_{accounts},
      events_{events},
      keys_{std::move(keys)},
      mode_{mode},
      attempts_per_address_{s.limits.limit({.name = "sign_ins", .quota = 25, .window = 5min})},
      sign_ups_{s.limits.limit({.name = "sign_ups", .quota = 10, .window = 1h})},
      clock_{s.clock}
{
    s.cache.declare(sign_in_owners);
    s.account_removal.push_back(&remove_sign_ins);
    accounts.on_new_password(&end_others);
    auto& refreshes = s.limits.limit({.name = "refreshes", .quota = 100, .window = 5min});
    s.routes.section("accounts");
    s.routes.post("/api/auth/register", &slice::enroll, *this)
        .summary("Register an account; also signs in")
        .body_limit(16 * 1024)
        .without_cookies()
        .shown_once()
        .limit(sign_ups_, limited_by::address)
        .fails(403, 409, 422);
    s.routes.post("/api/auth/login", &slice::sign_in, *this)
        .summary("Sign in with a username or e-mail address and a password")
        .body_limit(16 * 1024)
        .without_cookies()
        .shown_once()
        .limit(attempts_per_address_, limited_by::address)
        .fails(401);
    s.routes.post("/api/auth/refresh", &slice::refresh, *this)
        .summary("Exchange a refresh token, which can be used once, for new tokens")
        .body_limit(16 * 1024)
        .without_cookies()
        .shown_once()
        .limit(refreshes, limited_by::address)
        .fails(401);
    s.routes.get("/.well-known/jwks.json", &slice::public_keys, *this)
        .summary("The public keys of access tokens (JWK Set); empty if they are signed with a shared secret")
        .returns<credentials::jwk_set>(200);
}

asio::awaitable<outcome<http::created<tokens>>> slice::enroll(http::anyone, const http::body<accounts::registration>& b,
                                                              const http::client_info& from)
{
    const auto made = co_await sign_up(*b, from);
    if (!made) co_return made.error();
    auto t = co_await start(*made, from);
    if (!t) co_return t.error();
    const auto location = "/api/users/" + std::to_string(made->user_id);
    co_return http::created<tokens>{location, *std::move(t)};
}

asio::awaitable<outcome<tokens>> slice::sign_in(http::anyone, const http::body<accounts::sign_in_request>& b,
                                                const http::client_info& from)
{
    return sign_in_with(*b, from);
}

asio::awaitable<outcome<tokens>> slice::refresh(http::anyone, const http::body<refresh_request>& b,
                                                const http::client_info& from)
{
    return exchange(b->refresh_token, from);
}

http::response slice::public_keys(http::anyone)
{
    http::response answer{200, http::json_type, larder::json::to_string(credentials::public_keys(keys_))};
    answer.cache_control = "public, max-age=300";
    return answer;
}

}  // namespace agora::sign_ins
