// SPDX-License-Identifier: MIT
// Passwords: which are taken, and how they are kept (argon2id, as PHC strings; RFC 9106, OWASP ASVS 5.0 6.2 and
// appendix C). Hashing runs on a pool of its own, of one thread per two cores and with a short queue: whoever finds it
// full is told so at once, so that a flood of sign-ins takes neither the cores nor the memory from others. Thread-safe.
#pragma once

#include <agora/outcome.hpp>
#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace agora::auth {

namespace asio = boost::asio;

inline constexpr std::size_t min_password = 8;     ///< characters
inline constexpr std::size_t max_password = 1024;  ///< characters

/// What is wrong with a new password. `taken_words`: what nobody shall use, as the user's own name.
std::optional<field_error> refuse_password(std::string_view password,
                                           std::initializer_list<std::string_view> taken_words);

/// Whether it is one of those that are tried first: a common one as it is, with other case, with digits or signs for
/// letters (p4ssw0rd) or at the end (dragon2024!), twice the same, one character over and over, or keys in a row.
bool is_common(std::string_view password);

struct hashing_cost {
    unsigned long long passes = 2;
    std::size_t memory = std::size_t{19} << 20;  ///< bytes; with two passes the least that OWASP names
};

class password_hasher {
 public:
    /// `threads` 0: one per two cores.
    explicit password_hasher(hashing_cost cost = {}, std::size_t threads = 0);
    /// Waits for what is being hashed.
    ~password_hasher();
    password_hasher(const password_hasher&) = delete;

    /// One of the few places of those whose passwords are being hashed. Requires: the hasher outlives it.
    class place {
     public:
        explicit place(std::atomic<std::size_t>& taken) noexcept : taken_{&taken} {}
        place(place&& other) noexcept : taken_{std::exchange(other.taken_, nullptr)} {}
        ~place()
        {
            if (taken_ != nullptr) --*taken_;
        }

     private:
        std::atomic<std::size_t>* taken_;
    };
    /// To be called before anything else is done for a password. Fails as unavailable when all places are taken.
    outcome<place> enter();

    /// A PHC string.
    asio::awaitable<std::string> hash(const place& in, std::string password);
    /// Whether the password is the one of that hash. Without a hash it takes as long, and is not.
    asio::awaitable<bool> verify(const place& in, std::string password, std::optional<std::string> hash);
    /// The hash was made with another cost.
    bool outdated(const std::string& hash) const;

    std::size_t refused() const noexcept { return refused_; }

 private:
    template <class T, class F>
    asio::awaitable<T> in_turn(F work);
    const std::string& nobodys_hash();

    const hashing_cost cost_;
    const std::size_t most_;  ///< being hashed or waiting
    std::atomic<std::size_t> inside_ = 0;
    std::atomic<std::size_t> refused_ = 0;
    std::once_flag made_;
    std::string nobodys_;  ///< a hash that no password fits
    asio::thread_pool pool_;
};

}  // namespace agora::auth
