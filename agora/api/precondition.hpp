// SPDX-License-Identifier: MIT
// Conditional edits (RFC 9110 13.1.1): whoever edits a row names the version that the edit was made from, so that
// two editors cannot overwrite each other unseen; and only its author and the moderators may. Pure functions.
#pragma once

#include <agora/http/entity_tag.hpp>
#include <agora/http/request.hpp>
#include <agora/outcome.hpp>
#include <cstdint>
#include <type_traits>

namespace agora::api {

/// Trivially destructible: it may stand in a co_await expression.
struct edit {
    std::int64_t id = 0;
    http::if_match wanted;  ///< the versions that may be edited
    http::principal by;
};
static_assert(std::is_trivially_destructible_v<edit>);

/// 403 when it is neither one's own nor one's business as a moderator; then as check_if_match().
outcome<void> check_edit(const edit& e, std::int64_t author_id, std::int64_t version);

/// 428 without an If-Match field, 412 when it names other versions than `current`.
outcome<void> check_if_match(const http::if_match& wanted, std::int64_t current);

/// The 412 of an edit that lost against another one.
failure stale_edit();

}  // namespace agora::api
