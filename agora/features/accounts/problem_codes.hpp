// SPDX-License-Identifier: MIT
// The problem codes of accounts. See agora/problem_code.hpp.
#pragma once

#include <agora/problem_code.hpp>

namespace agora::problems {

inline const problem_code username_taken{"username_taken", 409, "Another account has this username.",
                                         "Choose another username."};
inline const problem_code email_taken{"email_taken", 409, "Another account has verified this email address.",
                                      "Use another address, or recover the account that has it."};
inline const problem_code no_account{
    "no_account", 403, "The caller is the operator, whose token belongs to no account.", "Sign in as a member."};
inline const problem_code last_admin{"last_admin", 409, "The community would be left without an administrator.",
                                     "Make another member an administrator first."};
inline const problem_code password_changed{"password_changed", 409,
                                           "Another request has changed the password in the meantime.",
                                           "Sign in with the new password."};
inline const problem_code wrong_credentials{"wrong_credentials", 401, "The name or the password is wrong.",
                                            "Correct them, or reset the password by email."};
inline const problem_code too_many_tries{"too_many_tries", 429,
                                         "Too many wrong passwords were tried for this account or from this network.",
                                         "Wait for the seconds in Retry-After, or reset the password by email."};

}  // namespace agora::problems
