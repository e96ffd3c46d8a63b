// SPDX-License-Identifier: MIT
// Limits how fast the password of one account can be guessed, and never locks the account. Wrong passwords are counted
// for each pair of account and client network, and for the account as a whole. A network with too many is refused for
// that account only. Once an account has too many, attempts from networks that never signed in to it wait some seconds,
// before they take a hashing place. A network that signed in to the account before neither waits nor is refused.
//
//     password_attempt a{attempt_purpose::sign_in, account, login, network};
//     if (auto ready = co_await attempts.begin(a); !ready) co_return ready.error();
//     ...                                        // verify the password; a wrong one stays counted
//     co_await attempts.refund(a);               // a right one, or one that could not be verified, does not
//
// Counts are shared by all nodes through Redis, or kept in this process without one. Names that do not exist are
// counted like those that do. Thread-safe.
#pragma once

#include <agora/features/auth/known_networks.hpp>
#include <agora/outcome.hpp>
#include <atomic>
#include <larder/limit.hpp>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace agora::auth {

/// Why a password is asked for. Each purpose has counts of its own: guessing at the door never gets in the way of a
/// member who is signed in and confirms a change.
enum class attempt_purpose : std::uint8_t { sign_in, confirmation };

/// How an account with wrong passwords is slowed down.
struct attempt_pace {
    std::uint32_t free = 25;                  ///< wrong passwords within the hour that slow nobody down
    std::chrono::milliseconds step{100};      ///< that each further one adds
    std::chrono::milliseconds longest{5000};  ///< wait of one attempt
    std::size_t waiters = 20;                 ///< attempts that may wait for one account in this process
};

/// How long an attempt waits after so many wrong passwords. Pure.
std::chrono::milliseconds slow_down(std::uint32_t failures, const attempt_pace& pace) noexcept;

/// One password that is about to be verified.
class password_attempt {
 public:
    /// `user_id`: 0 when the login names no account.
    password_attempt(attempt_purpose why, std::int64_t user, std::string_view login, std::string from_network);

    const attempt_purpose purpose;
    const std::int64_t user_id;
    const std::string network;
    const std::string account;  ///< what is counted: the account's id, or a hash of a name that does not exist

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
    /// `by_network`: of one account and network; `by_account`: of one account; both exact. Requires: all outlive this.
    password_attempts(larder::rate_limit& by_network, larder::rate_limit& by_account, known_networks& networks,
                      attempt_pace pace = attempt_pace{})
        : by_network_{by_network}, by_account_{by_account}, networks_{networks}, pace_{pace}
    {}

    /// Counts the attempt and waits for as long as the account is slowed down. Fails as too_many when the network has
    /// used up its attempts, or when too many wait already. Requires: `a` outlives the call.
    asio::awaitable<outcome<void>> begin(password_attempt& a);
    /// Uncounts the attempt: the password was right, or was not verified.
    asio::awaitable<void> refund(const password_attempt& a);
    /// The account was signed in to from this network, which is never slowed down for it from now on.
    asio::awaitable<void> trust(std::int64_t user_id, std::string network);

    std::size_t waiting() const;                               ///< at this moment
    std::uint64_t waited() const noexcept { return waited_; }  ///< attempts that were slowed down, ever

 private:
    /// One waiting attempt. Another one whose network has failed less often takes its place when no other is free.
    struct waiter {
        explicit waiter(std::uint32_t f) : failures{f} {}
        const std::uint32_t failures;  ///< of its network
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

}  // namespace agora::auth
