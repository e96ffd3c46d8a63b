// SPDX-License-Identifier: MIT
// The deletion of an account: handle() is the route, remove() checks the password and runs the transaction, in which
// the roles are locked first, so that the last administrator cannot leave.
#include <agora/credentials/problem_codes.hpp>
#include <agora/features/account_deletion/account_deletion.hpp>
#include <agora/services/services.hpp>

namespace agora::account_deletion {

slice::slice(services& s, accounts::slice& accounts, security_events::slice& events,
             authentication::request_authenticator& authenticator)
    : outbox_{s.outbox},
      erasers_{s.erasure},
      removers_{s.account_removal},
      accounts_{accounts},
      events_{events},
      authenticator_{authenticator},
      sessions_{s.sessions},
      clock_{s.clock},
      pages_{make_pages(s, *this)}
{
    s.routes.section("accounts");
    s.routes.del("/api/users/me", &slice::handle, *this)
        .body_limit(16 * 1024)
        .returns(204)
        .named("delete_account", "Delete the own account")
        .describe(
            "Deletes the profile, the address, the password, the keys and the sign-ins at once. What the member wrote "
            "stays without the name, or is deleted, too, with `scrub=true`. The current password is needed.")
        .fails(problems::no_account, problems::last_admin, problems::too_many_tries, problems::too_many_sign_ins,
               problems::password_changed);
}

asio::awaitable<outcome<void>> slice::remove(std::int64_t user_id, std::string password, bool scrub,
                                             http::client_info from)
{
    const auto whose = co_await accounts_.confirm(user_id, std::move(password), "password", from);
    if (!whose) co_return whose.error();
    author_erasure d;
    d.user_id = user_id;
    d.username = whose->username;
    d.scrub = scrub;
    d.now = clock_.wall();
    auto write = [&](storage::session& s, storage::invalidations& invalidations) -> asio::awaitable<outcome<void>> {
        const auto facts = co_await accounts::lock_roles(s, user_id, user_id);
        const auto allowed = accounts::decide_deletion(facts);
        if (!allowed) co_return allowed.error();
        for (const auto& erase : erasers_) co_await erase(s, invalidations, d);
        co_await users::remove_profile(s, invalidations, d);
        for (const auto& remove_rows : removers_) co_await remove_rows(s, invalidations, user_id);
        co_return outcome<void>{};
    };
    auto done = co_await outbox_.write(write);
    if (!done) co_return done;
    co_await events_.record(
        security_events::event::of_own_account(scrub ? "left_and_scrubbed" : "left", user_id, std::move(from)));
    co_return done;
}

asio::awaitable<http::response> slice::handle(http::member who, const http::request& r,
                                              const http::query<deletion_query>& q,
                                              const http::body<deletion_request>& b, const http::client_info& from)
{
    const auto done = co_await remove(who.id, b->password, q->scrub, from);
    if (!done) co_return http::problem(r, done.error());
    co_return co_await end_sessions(who, r);
}

asio::awaitable<http::response> slice::end_sessions(http::member who, const http::request& r)
{
    // Without the account the member's sessions are invalid already; this deletes them from the store.
    http::response gone;
    auto removed = co_await authenticator_.removed_cookie(r);
    if (removed) gone.headers.emplace_back("Set-Cookie", *std::move(removed));
    co_await sessions_.destroy_all(std::to_string(who.id));
    co_return gone;
}

}  // namespace agora::account_deletion
