// SPDX-License-Identifier: MIT
// What is kept of accounts in the cache: enough to admit a request without asking the database.
#pragma once

#include <agora/features/auth/auth.hpp>
#include <larder/cache.hpp>

namespace agora::auth {

/// Changed by: role, deletion.
inline constexpr larder::region<account_status(std::int64_t)> account_statuses{"standing:{}",
                                                                               {.ttl = std::chrono::minutes{15}}};
/// Whose sign-in it is; 0: it has ended. Changed by: signing out, a new password, a stolen token.
inline constexpr larder::region<std::int64_t(std::string)> sign_in_owners{"sign-in:{}",
                                                                          {.ttl = std::chrono::minutes{15}}};

}  // namespace agora::auth
