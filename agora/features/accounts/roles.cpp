// SPDX-License-Identifier: MIT
// The rules for roles, see roles.hpp. lock_roles() is in accounts_sql.cpp.
#include <agora/features/accounts/problem_codes.hpp>
#include <agora/features/accounts/roles.hpp>
#include <agora/http/problem_codes.hpp>

namespace agora::accounts {
namespace {

bool is_last_admin(const role_facts& f) { return f.role == "admin" && f.has_account && f.other_admins == 0; }

}  // namespace

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

}  // namespace agora::accounts
