// SPDX-License-Identifier: MIT
// Another e-mail address for an account. The member asks with the password; a letter with a single-use token goes to
// the new address, and a notice to the old one. The address changes when the token comes back, and the old one is told
// again. Until then nothing has changed; sign-ins go on throughout. The answer to the member is the same whether the
// address belongs to another account or not; the owner of that account is told by mail. Thread-safe.
#pragma once

#include <agora/features/auth/auth.hpp>
#include <agora/mail/mail.hpp>

namespace agora::auth {

inline constexpr std::chrono::hours email_change_life{48};

/// Letters of the table `letters` with these purposes are about a change of address.
inline constexpr std::string_view confirm_new_address = "change";
inline constexpr std::string_view warn_old_address = "change_asked";
inline constexpr std::string_view old_address_replaced = "changed";

class email_change {
 public:
    /// `letters`: counts letters to one address, and letters that one member has sent. Requires: all outlive this.
    email_change(storage::outbox& outbox, service& accounts, larder::rate_limit& letters)
        : outbox_{outbox}, accounts_{accounts}, emails_{letters}
    {}

    /// Has the letters sent. Fails when the password is wrong, when the address cannot be one or is the account's own
    /// already, or as too_many.
    asio::awaitable<outcome<void>> ask(std::int64_t user_id, std::string email, std::string password, origin from);
    /// Makes the address the account's own, verified. What mail to the old address was sent for is void from then on.
    asio::awaitable<outcome<void>> confirm(std::string token, origin from);

 private:
    storage::outbox& outbox_;
    service& accounts_;
    larder::rate_limit& emails_;
};

/// The text of one of those letters to a member called `name`; `token`: of `confirm_new_address` only. Pure.
mail::email email_about_change(std::string_view purpose, const std::string& name, const std::string& public_url,
                               const std::string& token);

}  // namespace agora::auth
