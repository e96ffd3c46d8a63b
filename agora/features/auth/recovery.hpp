// SPDX-License-Identifier: MIT
// Verifying e-mail addresses and resetting forgotten passwords. The tokens have 256 random bits, are sent by email,
// stored as hashes, and valid once and for a limited time. A request for a reset does not reveal whether the address
// has an account. Links begin with the configured PUBLIC_URL, never with the host of a request. Emails wait in the
// table `letters` until send_next() sends them. Thread-safe.
#pragma once

#include <agora/features/auth/auth.hpp>
#include <agora/mail/mail.hpp>
#include <larder/limit.hpp>

namespace agora::auth {

inline constexpr std::chrono::hours reset_life{1};
inline constexpr std::chrono::hours verify_life{48};

/// The failure for a token from an email that is not, or no longer, valid.
failure bad_token();

class recovery {
 public:
    /// `letters` limits the emails to one address that strangers can cause. Requires: all references outlive this.
    recovery(storage::outbox& outbox, service& accounts, larder::rate_limit& letters, std::string public_url)
        : outbox_{outbox}, accounts_{accounts}, emails_{letters}, public_url_{std::move(public_url)}
    {}

    /// Queues an email with a reset token, if the address has an account.
    asio::awaitable<void> ask_reset(std::string_view email, const origin& from);
    /// Sets a new password and returns the user's id. Ends all of the member's sign-ins by token.
    asio::awaitable<outcome<std::int64_t>> reset(std::string token, std::string password, const origin& from);
    /// Queues an email with a verification token, unless the address is verified already.
    asio::awaitable<void> ask_verification(std::int64_t user_id);
    asio::awaitable<outcome<void>> verify(std::string token, const origin& from);

    /// Sends one email that is due. Returns false if there is none. An email that cannot be sent is tried 8 times in
    /// about a day.
    asio::awaitable<bool> send_next(mail::mailer& by);

 private:
    struct due;
    struct used_token;
    asio::awaitable<std::optional<due>> claim();
    asio::awaitable<bool> may_send(const due& d);
    asio::awaitable<mail::email> write(const due& d);
    asio::awaitable<void> remove(const due& d);
    asio::awaitable<std::string> make_token(const due& d);
    /// Looks up a token; nullopt if it is not valid. Deletes it, unless `keep` is set.
    asio::awaitable<std::optional<used_token>> use(const std::string& token, std::string_view purpose, bool keep);
    asio::awaitable<void> settle(const account& of);
    /// The username of another member who has verified this address; empty if there is none.
    asio::awaitable<std::string> owner_beside(const due& d);
    mail::email email_for(const due& d, const std::string& token) const;
    asio::awaitable<mail::email> email_about_change_of(const due& d);
    mail::email notice_for(const due& d, const std::string& owner) const;

    storage::outbox& outbox_;
    service& accounts_;
    larder::rate_limit& emails_;
    const std::string public_url_;
};

}  // namespace agora::auth
