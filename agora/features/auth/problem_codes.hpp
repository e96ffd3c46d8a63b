// SPDX-License-Identifier: MIT
// The problem codes of accounts, sign-ins, credentials and API keys. See agora/problem_code.hpp.
#pragma once

#include <agora/problem_code.hpp>

namespace agora::problems {

// Accounts.
inline const problem_code username_taken{"username_taken", 409, "Another account has this username.",
                                         "Choose another username."};
inline const problem_code email_taken{"email_taken", 409, "Another account has verified this email address.",
                                      "Use another address, or recover the account that has it."};
inline const problem_code registration_closed{"registration_closed", 403, "Registration is closed in this community.",
                                              "Ask an administrator for an account."};
inline const problem_code no_account{
    "no_account", 403, "The caller is the operator, whose token belongs to no account.", "Sign in as a member."};
inline const problem_code last_admin{"last_admin", 409, "The community would be left without an administrator.",
                                     "Make another member an administrator first."};
inline const problem_code password_changed{"password_changed", 409,
                                           "Another request has changed the password in the meantime.",
                                           "Sign in with the new password."};

// Signing in.
inline const problem_code wrong_credentials{"wrong_credentials", 401, "The name or the password is wrong.",
                                            "Correct them, or reset the password by email."};
inline const problem_code too_many_tries{"too_many_tries", 429,
                                         "Too many wrong passwords were tried for this account or from this network.",
                                         "Wait for the seconds in Retry-After, or reset the password by email."};
inline const problem_code too_many_sign_ins{"too_many_sign_ins", 503,
                                            "The server is checking as many passwords as it can at the moment.",
                                            "Wait for the seconds in Retry-After, then try again."};
inline const problem_code too_many_emails{"too_many_emails", 429,
                                          "Too many emails were sent at the request of this member or network.",
                                          "Wait for the seconds in Retry-After; look for the earlier emails."};
inline const problem_code bad_token{"bad_token", 403,
                                    "The token from an email is wrong, used, expired or replaced by a newer one.",
                                    "Request a new email and use its link."};

// Credentials of a request.
inline const problem_code several_credentials{"several_credentials", 401,
                                              "The request has more than one Authorization field.",
                                              "Send one, with one access token or API key."};
inline const problem_code invalid_token{"invalid_token", 401,
                                        "The token is malformed, was not issued by this server or has another purpose.",
                                        "Sign in again."};
inline const problem_code token_expired{"token_expired", 401, "The token has expired.",
                                        "Exchange the refresh token for a new pair; if that has expired, sign in."};
inline const problem_code token_reused{
    "token_reused", 401, "The refresh token has been used before, so it may be stolen. The sign-in has been ended.",
    "Sign in again."};
inline const problem_code csrf{"csrf", 403,
                               "The session cookie authenticates the request, but X-CSRF-Token is missing or wrong.",
                               "Send the csrf_token of the session as X-CSRF-Token."};

// API keys.
inline const problem_code invalid_key{"invalid_key", 401, "The API key is not valid, has expired or has been revoked.",
                                      "Create a new API key."};
inline const problem_code too_many_keys{"too_many_keys", 409, "The member already has 50 API keys.",
                                        "Revoke a key that is no longer used."};

}  // namespace agora::problems
