// SPDX-License-Identifier: MIT
// The checks of a conditional edit: permission first, then If-Match.
#include <agora/api/precondition.hpp>

namespace agora::api {

outcome<void> check_if_match(const http::if_match& wanted, std::int64_t current)
{
    if (!wanted.given()) {
        return failure{failure_kind::precondition_required, "precondition_required",
                       "send If-Match with the ETag of the version that you are editing"};
    }
    if (!wanted.allows(current)) return stale_edit();
    return {};
}

outcome<void> check_edit(const edit& e, std::int64_t author_id, std::int64_t version)
{
    if (e.by.user_id != author_id && e.by.rank < http::role::moderator)
        return failure{failure_kind::forbidden, "not_yours", "only its author and moderators may change it"};
    return check_if_match(e.wanted, version);
}

failure stale_edit()
{
    return {failure_kind::stale, "stale", "it was changed in the meantime; read it again and repeat the edit"};
}

}  // namespace agora::api
