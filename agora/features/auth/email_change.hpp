// SPDX-License-Identifier: MIT
// Changing the e-mail address of an account. The member requests it with the password; an email with a single-use token
// goes to the new address, and a notice to the old one. The address changes when the token comes back; then the old
// address gets another notice. Until then nothing changes, and sign-ins stay valid throughout. The response does not
// reveal whether the address belongs to another account, but that account's owner is notified. Thread-safe.
#pragma once

#include <agora/features/auth/auth.hpp>
#include <agora/mail/mail.hpp>

namespace agora::auth {

inline constexpr std::chrono::hours email_change_life{48};

/// The purposes (column `letters.purpose`) of emails about a change of address.
inline constexpr std::string_view confirm_new_address = "change";
inline constexpr std::string_view warn_old_address = "change_asked";
inline constexpr std::string_view old_address_replaced = "changed";

class email_change {
 public:
    /// `letters` limits the emails to one address and the emails that one member causes. Requires: all outlive this.
    email_change(storage::outbox& outbox, service& accounts, larder::rate_limit& letters)
        : outbox_{outbox}, accounts_{accounts}, emails_{letters}
    {}

    /// Requests the change and queues both emails. Fails if the password is wrong, if the text is not an e-mail address
    /// or is already the account's own, or as too_many.
    asio::awaitable<outcome<void>> ask(std::int64_t user_id, std::string email, std::string password, origin from);
    /// Gives the account the new address, verified. Tokens that were sent to the old address become invalid.
    asio::awaitable<outcome<void>> confirm(std::string token, origin from);

 private:
    storage::outbox& outbox_;
    service& accounts_;
    larder::rate_limit& emails_;
};

/// The text of one of these emails to the member `name`. Only `confirm_new_address` uses `token`. Pure.
mail::email email_about_change(std::string_view purpose, const std::string& name, const std::string& public_url,
                               const std::string& token);

}  // namespace agora::auth
