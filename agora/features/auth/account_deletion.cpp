// SPDX-License-Identifier: MIT
// Deletes an account in one transaction; each slice erases or invalidates its own part. See account_deletion.hpp.
#include <agora/features/auth/account_deletion.hpp>
#include <agora/features/auth/api_keys.hpp>
#include <agora/features/auth/auth_cache.hpp>
#include <agora/features/auth/roles.hpp>
#include <agora/storage/outbox.hpp>

namespace agora::auth {
namespace {

asio::awaitable<void> remove_account(storage::session& s, storage::invalidations& invalidations, std::int64_t user_id)
{
    const auto sign_ins = co_await s.all<std::string>("DELETE FROM sign_ins WHERE user_id = $1 RETURNING id", user_id);
    for (const auto& id : sign_ins) invalidations.add(sign_in_owners(id));
    const auto keys = co_await s.all<std::string>("DELETE FROM api_keys WHERE user_id = $1 RETURNING hash", user_id);
    for (const auto& hash : keys) invalidations.add(key_owners(hash));
    co_await s.exec("DELETE FROM letters WHERE user_id = $1", user_id);
    co_await s.exec("DELETE FROM one_time_tokens WHERE user_id = $1", user_id);
    co_await s.exec("DELETE FROM sign_in_networks WHERE user_id = $1", user_id);
    co_await s.exec("DELETE FROM accounts WHERE user_id = $1", user_id);
    invalidations.add(account_statuses(user_id));
}

}  // namespace

asio::awaitable<outcome<void>> account_deletion::remove(std::int64_t user_id, std::string password, bool scrub,
                                                        origin from)
{
    const auto whose = co_await accounts_.confirm(user_id, std::move(password), "password", from);
    if (!whose) co_return whose.error();
    author_erasure d;
    d.user_id = user_id;
    d.username = whose->username;
    d.scrub = scrub;
    d.now = accounts_.clock().wall();
    auto write = [&](storage::session& s, storage::invalidations& invalidations) -> asio::awaitable<outcome<void>> {
        const auto facts = co_await lock_roles(s, user_id, user_id);
        const auto allowed = decide_deletion(facts);
        if (!allowed) co_return allowed.error();
        for (const auto& say : erasers_) co_await say(s, invalidations, d);
        co_await users::remove_profile(s, invalidations, d);
        co_await remove_account(s, invalidations, user_id);
        co_return outcome<void>{};
    };
    auto done = co_await outbox_.write(write);
    if (done) co_await accounts_.record(scrub ? "left_and_scrubbed" : "left", user_id, from);
    co_return done;
}

}  // namespace agora::auth
