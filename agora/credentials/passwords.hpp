// SPDX-License-Identifier: MIT
// Passwords: which are accepted, and how they are stored (argon2id, as PHC strings; RFC 9106, OWASP ASVS 5.0 6.2 and
// appendix C). Hashing runs on a pool of its own, with one thread per two cores and a short queue. When the queue is
// full, callers are refused at once, so that a flood of sign-ins takes neither cores nor memory from other requests.
// Call enter(), then hash() or verify(). Thread-safe.
#pragma once

#include <agora/outcome.hpp>
#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace agora::credentials {

namespace asio = boost::asio;

inline constexpr std::size_t min_password = 8;     ///< characters
inline constexpr std::size_t max_password = 1024;  ///< characters

/// Returns what is wrong with a new password, or nullopt. `taken_words` are not allowed, such as the user's own name.
std::optional<field_error> refuse_password(std::string_view password,
                                           std::initializer_list<std::string_view> taken_words);

/// Whether it is one of the passwords that attackers try first: a common password, in any case, also with digits or
/// signs in place of letters (p4ssw0rd) or around it (dragon2024!); a text repeated twice; one repeated character; or
/// keys in a row.
bool is_common(std::string_view password);

struct hashing_cost {
    unsigned long long passes = 2;
    std::size_t memory = std::size_t{19} << 20;  ///< bytes; the minimum that OWASP recommends for two passes
};

class password_hasher {
 public:
    /// `threads` 0: one per two cores.
    explicit password_hasher(hashing_cost cost = {}, std::size_t threads = 0);
    /// Waits for the hashing that is running.
    ~password_hasher();
    password_hasher(const password_hasher&) = delete;

    /// One of the few places in the hashing pool and its queue; the destructor frees it. Requires: the hasher outlives
    /// it.
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
    /// Takes a place. Call it before any other work for a password. Fails as unavailable if all places are taken.
    outcome<place> enter();

    /// Returns a PHC string.
    asio::awaitable<std::string> hash(const place& in, std::string password);
    /// Whether the password matches the hash. Without a hash it takes the same time and returns false.
    asio::awaitable<bool> verify(const place& in, std::string password, std::optional<std::string> hash);
    /// Whether the hash was made with another cost.
    bool outdated(const std::string& hash) const;

    /// How often enter() has failed.
    std::size_t refused() const noexcept { return refused_; }

 private:
    template <class T, class F>
    asio::awaitable<T> in_turn(F work);
    const std::string& nobodys_hash();

    const hashing_cost cost_;
    const std::size_t most_;  ///< number of places: hashing or waiting
    std::atomic<std::size_t> inside_ = 0;
    std::atomic<std::size_t> refused_ = 0;
    std::once_flag made_;
    std::string nobodys_;  ///< the hash of a random password that nobody knows
    asio::thread_pool pool_;
};

}  // namespace agora::credentials
