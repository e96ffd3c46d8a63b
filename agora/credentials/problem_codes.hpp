// SPDX-License-Identifier: MIT
// The problem codes of passwords and tokens. See agora/problem_code.hpp.
#pragma once

#include <agora/problem_code.hpp>

namespace agora::problems {

inline const problem_code invalid_token{"invalid_token", 401,
                                        "The token is malformed, was not issued by this server or has another purpose.",
                                        "Sign in again."};
inline const problem_code token_expired{"token_expired", 401, "The token has expired.",
                                        "Exchange the refresh token for a new pair; if that has expired, sign in."};
inline const problem_code too_many_sign_ins{"too_many_sign_ins", 503,
                                            "The server is checking as many passwords as it can at the moment.",
                                            "Wait for the seconds in Retry-After, then try again."};

}  // namespace agora::problems
