// SPDX-License-Identifier: MIT
// Cache regions of accounts: enough to authenticate a request without the database.
#pragma once

#include <agora/features/auth/auth.hpp>
#include <larder/cache.hpp>

namespace agora::auth {

/// Key: user id. Invalidated by a new role, a new password, and deletion.
inline constexpr larder::region<account_status(std::int64_t)> account_statuses{"standing:{}",
                                                                               {.ttl = std::chrono::minutes{15}}};
/// Key: sign-in. The id of its user; 0: it has ended. Invalidated by signing out, a new password, a reused refresh
/// token and deletion of the account.
inline constexpr larder::region<std::int64_t(std::string)> sign_in_owners{"sign-in:{}",
                                                                          {.ttl = std::chrono::minutes{15}}};

}  // namespace agora::auth
