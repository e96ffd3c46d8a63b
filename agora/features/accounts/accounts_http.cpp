// SPDX-License-Identifier: MIT
// The routes of accounts: one's own account, and the roles of others. The constructor lists them, and registers what
// happens to an account's rows when it is deleted.
#include <agora/features/accounts/accounts.hpp>
#include <agora/services/services.hpp>
#include <algorithm>

namespace agora::accounts {

using namespace std::chrono_literals;

slice::slice(services& s, users::slice& people, security_events::slice& events, password_options o)
    : store_{make_store(s.outbox, listeners_)},
      users_{people},
      events_{events},
      hasher_{o.cost, o.threads},
      networks_{s.outbox, s.clock},
      attempts_{s.limits.limit({.name = "tries", .quota = 25, .window = 1h}),
                s.limits.limit({.name = "account_tries", .quota = 200, .window = 1h}), networks_, o.pace},
      clock_{s.clock}
{
    s.cache.declare(account_statuses);
    // A member's request has been authenticated by the same entry a moment ago, so it is nearly always there.
    s.site.find_names_by([&cache = s.cache](std::int64_t id) {
        std::optional<std::string> name;
        static_cast<void>(cache.with_local(account_statuses(id), [&](const account_status& status) {
            if (status.active) name = status.username;
        }));
        return name;
    });
    s.account_removal.push_back(&remove_account);
    s.routes.section("accounts");
    s.routes.get("/api/auth/me", &slice::me, *this)
        .named("get_account", "The own account")
        .describe("The public profile with the e-mail address.");
    s.routes.get("/api/users/me", &slice::me, *this)
        .named("get_own_user", "The own profile")
        .describe("The same as `GET /api/auth/me`.");
    s.routes.section("admin");
    s.routes.put("/api/admin/users/{id}/role", &slice::set_role, *this)
        .named("set_role", "Change the role of a member")
        .describe("Admins cannot change their own role, and at least one admin stays.")
        .path_params("The id of the member.")
        .fails(problems::not_found, problems::oneself, problems::no_account, problems::last_admin);
}

asio::awaitable<outcome<own_account>> slice::me(http::member who)
{
    const auto user = co_await users::find(users_.store(), who.id);
    if (!user) co_return user.error();
    const auto found = co_await store_->find(who.id);
    own_account own;
    static_cast<users::user&>(own) = *user;
    if (found) own.email = found->email;
    own.email_verified = found && found->verified;
    co_return own;
}

asio::awaitable<outcome<users::user>> slice::set_role(http::admin who, const http::path<std::int64_t>& id,
                                                      const http::body<role_change>& wanted,
                                                      const http::client_info& from)
{
    const auto& role = wanted->role;
    if (std::ranges::find(users::role_words, role) == users::role_words.end()) {
        std::vector<field_error> errors;
        errors.emplace_back("role", field_codes::invalid, "must be one of user, moderator, admin");
        co_return failure::invalid(std::move(errors));
    }
    if (*id == who.id) co_return failure{problems::oneself, "only another administrator can change your role"};
    const auto done = co_await store_->set_role(*id, role, who.id);
    if (!done) co_return done.error();
    security_events::event e{"role_changed", from};
    e.user_id = *id;
    e.actor_id = who.id;
    e.detail = role;
    co_await events_.record(std::move(e));
    co_return co_await users::find(users_.store(), *id, who.id);
}

}  // namespace agora::accounts
