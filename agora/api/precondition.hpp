// SPDX-License-Identifier: MIT
// Conditional edits (RFC 9110 13.1.1). The client sends the version that its edit is based on, so that two editors
// cannot overwrite each other's changes unnoticed. Only the author and moderators may edit. Pure functions.
#pragma once

#include <agora/http/entity_tag.hpp>
#include <agora/http/request.hpp>
#include <agora/outcome.hpp>
#include <array>
#include <cstdint>
#include <type_traits>

namespace agora::problems {

inline const problem_code precondition_required{"precondition_required", 428,
                                                "The request changes an object, but does not say which version of it.",
                                                "Read the object and send its ETag as If-Match."};
inline const problem_code not_yours{"not_yours", 403, "The object belongs to another member.",
                                    "Only its author, moderators and admins may change it."};
inline const problem_code stale{"stale", 412, "The object has changed since the version that If-Match names.",
                                "Read it again, apply the edit to the new version and send its ETag."};

}  // namespace agora::problems

namespace agora::api {

/// One edit of a row. Trivially destructible, so it may be a temporary in a co_await expression.
struct edit {
    std::int64_t id = 0;
    http::if_match wanted;  ///< from If-Match: the versions that may be edited
    http::principal by;
};
static_assert(std::is_trivially_destructible_v<edit>);

/// The problems of such an edit, for route::fails().
inline constexpr std::array<const problem_code*, 4> edit_problems{&problems::not_found, &problems::not_yours,
                                                                  &problems::precondition_required, &problems::stale};

/// 403 unless the member is the author, a moderator or an admin.
outcome<void> check_author(const http::principal& by, std::int64_t author_id);

/// Like check_author(), then like check_if_match().
outcome<void> check_edit(const edit& e, std::int64_t author_id, std::int64_t version);

/// 428 without an If-Match field, 412 when it does not allow the version `current`.
outcome<void> check_if_match(const http::if_match& wanted, std::int64_t current);

/// The 412 for an edit of a version that is no longer the current one.
failure stale_edit();

}  // namespace agora::api
