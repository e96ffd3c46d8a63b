// SPDX-License-Identifier: MIT
// Limits how fast the password of one account can be guessed, and never locks the account. Wrong passwords are counted
// for each pair of account and client network, and for the account as a whole. A network with too many of them is
// refused, for that account only. Once an account has too many, attempts from networks that never signed in to it are
// delayed by some seconds before they take a hashing place. A network that has signed in to the account before neither
// waits nor is refused.
//
//     password_attempt a{attempt_purpose::sign_in, account, login, network};
//     if (auto ready = co_await attempts.begin(a); !ready) co_return ready.error();
//     ...                                        // verify the password; a wrong one stays counted
//     co_await attempts.refund(a);               // only if it was right or could not be verified: do not count it
//
// All nodes share the counts through Redis; without Redis, each process counts for itself. Names that do not exist are
// counted like those that do. Thread-safe.
#pragma once

#include <agora/features/accounts/known_networks.hpp>
#include <agora/outcome.hpp>
#include <atomic>
#include <larder/limit.hpp>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace agora::accounts {

/// Why a password is verified. Each purpose is counted separately, so that guesses at the sign-in do not hinder a
/// member who is signed in and confirms a change.
enum class attempt_purpose : std::uint8_t { sign_in, confirmation };

/// How an account with wrong passwords is slowed down.
struct attempt_pace {
    std::uint32_t free = 25;                  ///< wrong passwords in an hour that cause no delay
    std::chrono::milliseconds step{100};      ///< delay that each further wrong password adds
    std::chrono::milliseconds longest{5000};  ///< longest delay of one attempt
    std::size_t waiters = 20;                 ///< attempts that may wait for one account in this process
};

/// How long an attempt is delayed after `failures` wrong passwords. Pure.
std::chrono::milliseconds slow_down(std::uint32_t failures, const attempt_pace& pace) noexcept;

/// One password that is about to be verified.
class password_attempt {
 public:
    /// `user_id`: 0 when the login names no account.
    password_attempt(attempt_purpose why, std::int64_t user, std::string_view login, std::string from_network);

    const attempt_purpose purpose;
    const std::int64_t user_id;
    const std::string network;
    const std::string account;  ///< key of the counters: the account's id, or a hash of a login that names no account

 private:
    friend class password_attempts;
    std::string pair() const { return account + "@" + network; }
    bool counted_ = false;
    bool slowed_ = false;
    larder::limit_decision by_network_{};
    larder::limit_decision by_account_{};
};

class password_attempts {
 public:
    /// `by_network` limits the wrong passwords of one account from one network, `by_account` those of one account. Both
    /// must be exact limits. Requires: all references outlive this.
    password_attempts(larder::rate_limit& by_network, larder::rate_limit& by_account, known_networks& networks,
                      attempt_pace pace = attempt_pace{})
        : by_network_{by_network}, by_account_{by_account}, networks_{networks}, pace_{pace}
    {}

    /// Counts the attempt, then waits if the account is being slowed down. Fails as too_many if the network has used up
    /// its attempts, or if too many attempts are waiting already. Requires: `a` outlives the call.
    asio::awaitable<outcome<void>> begin(password_attempt& a);
    /// Removes the attempt from the counts, because the password was right or was not verified.
    asio::awaitable<void> refund(const password_attempt& a);
    /// Records that the account was signed in to from this network. Sign-ins from it are no longer slowed down.
    asio::awaitable<void> remember_network(std::int64_t user_id, std::string network);

    /// The limit of wrong passwords of one account.
    larder::rate_limit& by_account() noexcept { return by_account_; }
    std::size_t waiting() const;                               ///< attempts that are waiting now
    std::uint64_t waited() const noexcept { return waited_; }  ///< total of the attempts that were slowed down

 private:
    /// One waiting attempt. When all places are taken, a new attempt displaces one whose network has failed more often.
    struct waiter {
        explicit waiter(std::uint32_t f) : failures{f} {}
        const std::uint32_t failures;  ///< wrong passwords from its network
        std::atomic<bool> displaced = false;
    };
    class seat;
    std::shared_ptr<waiter> enter(const std::string& account, std::uint32_t failures);
    void remove(const std::string& account, const std::shared_ptr<waiter>& w);
    asio::awaitable<outcome<void>> wait(password_attempt& a, std::chrono::milliseconds time);

    larder::rate_limit& by_network_;
    larder::rate_limit& by_account_;
    known_networks& networks_;
    const attempt_pace pace_;
    std::atomic<std::uint64_t> waited_ = 0;
    mutable std::mutex mutex_;
    std::unordered_map<std::string, std::vector<std::shared_ptr<waiter>>> waiting_;  ///< by account
};

}  // namespace agora::accounts
