// SPDX-License-Identifier: MIT
// The checks of a conditional edit: permission first, then If-Match.
#include <agora/api/precondition.hpp>

namespace agora::api {

outcome<void> check_if_match(const http::if_match& wanted, std::int64_t current)
{
    if (!wanted.given()) {
        return failure{problems::precondition_required,
                       "send If-Match with the ETag of the version that you are editing"};
    }
    if (!wanted.allows(current)) return stale_edit();
    return {};
}

outcome<void> check_author(const http::principal& by, std::int64_t author_id)
{
    if (by.user_id != author_id && by.role < http::role::moderator)
        return failure{problems::not_yours, "only its author and moderators may change it"};
    return {};
}

outcome<void> check_edit(const edit& e, std::int64_t author_id, std::int64_t version)
{
    auto allowed = check_author(e.by, author_id);
    return allowed ? check_if_match(e.wanted, version) : allowed;
}

failure stale_edit() { return {problems::stale, "it was changed in the meantime; read it again and repeat the edit"}; }

}  // namespace agora::api
