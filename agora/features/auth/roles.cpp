// SPDX-License-Identifier: MIT
// The rules for roles, see roles.hpp. lock_roles() takes the locks and reads the facts; after that, nobody else can
// change them until the transaction ends. The decide functions are pure.
#include <agora/features/auth/problem_codes.hpp>
#include <agora/features/auth/roles.hpp>
#include <agora/features/users/users.hpp>
#include <agora/http/problem_codes.hpp>
#include <agora/storage/db.hpp>

namespace agora::auth {
namespace {

struct member_row {
    std::string role;
    bool has_account;
};
BOOST_DESCRIBE_STRUCT(member_row, (), (role, has_account))

bool is_last_admin(const role_facts& f) { return f.role == "admin" && f.has_account && f.other_admins == 0; }

}  // namespace

asio::awaitable<role_facts> lock_roles(storage::session& s, std::int64_t user_id, std::int64_t actor_id)
{
    // The row of the built-in administrator always exists, so locking it locks all roles.
    co_await s.exec("UPDATE users SET role = role WHERE username = 'agora'");
    // Then the member's own row, so that nothing else is written for a member whose account is being deleted.
    role_facts f;
    const bool there = co_await users::lock_member(s, user_id);
    if (!there) co_return f;
    auto member = co_await s.first<member_row>(
        "SELECT u.role, CASE WHEN a.user_id IS NULL THEN 0 ELSE 1 END AS has_account"
        " FROM users u LEFT JOIN accounts a ON a.user_id = u.id WHERE u.id = $1 AND u.deleted_at IS NULL",
        user_id);
    if (!member) co_return f;
    f.role = std::move(member->role);
    f.has_account = member->has_account;
    const auto actor = co_await s.first<std::int64_t>(
        "SELECT id FROM users WHERE id = $1 AND (role = 'admin' OR username = 'agora') AND deleted_at IS NULL",
        actor_id);
    f.actor_is_admin = actor_id == 0 || actor.has_value();
    const auto others = co_await s.first<std::int64_t>(
        "SELECT count(*) FROM users u JOIN accounts a ON a.user_id = u.id"
        " WHERE u.role = 'admin' AND u.deleted_at IS NULL AND u.id <> $1",
        user_id);
    f.other_admins = others.value_or(0);
    co_return f;
}

outcome<void> decide_role_change(const role_facts& f, std::string_view next)
{
    if (!f.actor_is_admin) return failure{problems::forbidden, "you are no longer an administrator"};
    if (next != "admin" && is_last_admin(f))
        return failure{problems::last_admin,
                       "this is the only administrator; make another member an administrator first"};
    return outcome<void>{};
}

outcome<void> decide_deletion(const role_facts& f)
{
    if (!f.role) return failure::not_found("this account");
    if (is_last_admin(f))
        return failure{problems::last_admin,
                       "you are the only administrator; make another member an administrator first"};
    return outcome<void>{};
}

}  // namespace agora::auth
