// SPDX-License-Identifier: MIT
// Verified addresses and forgotten passwords: tokens of 256 random bits that are sent by mail, kept as hashes, good
// once and for a limited time. Whoever asks for a new password learns nothing of whether the address has an account.
// Links begin with the configured PUBLIC_URL, never with what a request says of its host. Thread-safe.
#pragma once

#include <agora/features/auth/auth.hpp>
#include <agora/mail/mail.hpp>
#include <larder/limit.hpp>

namespace agora::auth {

inline constexpr std::chrono::hours reset_life{1};
inline constexpr std::chrono::hours verify_life{48};

/// A token of a letter that does not count.
failure bad_token();

class recovery {
 public:
    /// `letters`: of those that strangers can cause, to one address. Requires: all references outlive this.
    recovery(storage::outbox& outbox, service& accounts, larder::rate_limit& letters, std::string public_url)
        : outbox_{outbox}, accounts_{accounts}, emails_{letters}, public_url_{std::move(public_url)}
    {}

    asio::awaitable<void> ask_reset(std::string_view email, const origin& from);
    /// Returns whose password it was; ends all his sign-ins by token.
    asio::awaitable<outcome<std::int64_t>> reset(std::string token, std::string password, const origin& from);
    asio::awaitable<void> ask_verification(std::int64_t user_id);
    asio::awaitable<outcome<void>> verify(std::string token, const origin& from);

    /// Sends one letter that is due. False: there is none. A letter that cannot be sent is tried 8 times in a day.
    asio::awaitable<bool> send_next(mail::mailer& by);

 private:
    struct due;
    struct used_token;
    asio::awaitable<std::optional<due>> claim();
    asio::awaitable<bool> may_send(const due& d);
    asio::awaitable<mail::email> write(const due& d);
    asio::awaitable<void> remove(const due& d);
    asio::awaitable<std::string> make_token(const due& d);
    /// What it was made for; it is gone then, unless it is to be kept.
    asio::awaitable<std::optional<used_token>> use(const std::string& token, std::string_view purpose, bool keep);
    asio::awaitable<void> settle(const account& of);
    /// The name of another who has verified this address; empty: there is none.
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
