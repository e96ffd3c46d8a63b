// SPDX-License-Identifier: MIT
// The routes for registering and for signing in with tokens. The constructor lists them with their limits, which count
// by the client's address.
#include <agora/credentials/problem_codes.hpp>
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
        .body_limit(16 * 1024)
        .without_cookies()
        .shown_once()
        .limit(sign_ups_, limited_by::address)
        .named("register", "Register")
        .describe("Makes an account and signs it in. An email asks to verify the address.")
        .fails(problems::registration_closed, problems::username_taken, problems::too_many_sign_ins);
    s.routes.post("/api/auth/login", &slice::sign_in, *this)
        .body_limit(16 * 1024)
        .without_cookies()
        .shown_once()
        .limit(attempts_per_address_, limited_by::address)
        .named("sign_in", "Sign in")
        .describe(
            "Exchanges a username or e-mail address and a password for tokens. For programs; browsers use `POST "
            "/api/sessions`.")
        .fails(problems::wrong_credentials, problems::too_many_tries, problems::too_many_sign_ins);
    s.routes.post("/api/auth/refresh", &slice::refresh, *this)
        .body_limit(16 * 1024)
        .without_cookies()
        .shown_once()
        .limit(refreshes, limited_by::address)
        .named("refresh_tokens", "Exchange a refresh token")
        .describe(
            "A refresh token can be used once: the response has its successor. When one is used again later, it was "
            "stolen or copied, so the sign-in ends.")
        .fails(problems::invalid_token, problems::token_expired, problems::token_reused, problems::signed_out);
    s.routes.get("/.well-known/jwks.json", &slice::public_keys, *this)
        .returns<credentials::jwk_set>(200)
        .named("get_public_keys", "The public keys of access tokens")
        .describe(
            "With them, other services can verify access tokens. Empty if tokens are signed with a shared secret.");
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
