// SPDX-License-Identifier: MIT
// The texts of the emails about an account. Pure functions. Every email names the account, because one address may have
// several.
#pragma once

#include <agora/features/account_recovery/account_recovery.hpp>

namespace agora::account_recovery {

/// Whether the email contains a token.
bool has_token(std::string_view purpose);
/// Whether the email asks its reader to prove that the address is theirs.
bool asks_for_proof(std::string_view purpose);

/// The email of that purpose. `token` is for those that contain one.
mail::email text_of(const queued_email& e, const std::string& public_url, const std::string& token);
/// The email to a member whose verified address was given for another account. Only the member learns of it, not
/// whoever gave the address.
mail::email text_for_owner(const queued_email& e, const std::string& public_url, const std::string& owner);

}  // namespace agora::account_recovery
