// SPDX-License-Identifier: MIT
// Accounts and signing in: the rules, and the port to where accounts are kept.
//
// A sign-in yields an access token, valid for minutes, and a refresh token, valid for weeks. A refresh token can be
// used once: each use returns its successor. If one is used again more than a few seconds later, it was stolen or
// copied, so the whole sign-in ends. Unknown names and wrong passwords give the same response after the same time.
// Start at service. Coroutines, thread-safe. Sources: RFC 6749 10.4, RFC 9700 4.14, OWASP ASVS 5.0 chapters 6, 7 and 9.
#pragma once

#include <agora/api/list.hpp>
#include <agora/features/auth/jwt.hpp>
#include <agora/features/auth/password_attempts.hpp>
#include <agora/features/auth/passwords.hpp>
#include <agora/http/client_address.hpp>
#include <agora/http/request.hpp>
#include <agora/outcome.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/describe.hpp>
#include <memory>

namespace agora::storage {
class outbox;
}

namespace agora::auth {

inline constexpr std::chrono::minutes access_life{15};
inline constexpr std::chrono::hours refresh_life{24 * 30};
inline constexpr std::chrono::seconds reuse_grace{10};

struct account {
    std::int64_t user_id = 0;
    std::string username;
    std::string email;
    std::string role;
    std::string password_hash;
    bool verified = false;  ///< the member has proven that the address is theirs
    larder::timestamp password_changed_at{};
};

/// Where a request came from, for the list of sign-ins and the log of security events.
class origin {
 public:
    origin(std::string from, std::string user_agent, std::string id)
        : address{std::move(from)}, agent{std::move(user_agent)}, request_id{std::move(id)}
    {}
    std::string address;
    std::string agent;
    std::string request_id;
    /// The network by which attempts are counted: the IPv4 address, or the /64 prefix of an IPv6 address.
    std::string network() const { return http::client_network(address); }
};

struct sign_in {
    std::string id;
    std::int64_t user_id = 0;
    std::string current_jti;
    std::string previous_jti;
    larder::timestamp rotated_at{};
    larder::timestamp created_at{};
    larder::timestamp expires_at{};
    std::string address;
    std::string agent;
    bool revoked = false;
    larder::timestamp password_of{};  ///< when the verified password was set; see store::begin()
};

/// One row of the log of security events.
class security_event {
 public:
    security_event(std::string what, const origin& from) : event{std::move(what)}, at{from} {}
    std::string event;
    origin at;
    std::int64_t user_id = 0;   ///< the account concerned; 0: none
    std::int64_t actor_id = 0;  ///< the user who caused the event; 0: unknown
    std::string detail{};
};

/// A row of that log as administrators read it.
struct recorded_event {
    std::int64_t id = 0;
    larder::timestamp at{};
    std::string event;
    std::optional<std::int64_t> user_id;
    std::optional<std::int64_t> actor_id;
    std::string address;
    std::string request_id;
    std::string detail;
};
BOOST_DESCRIBE_STRUCT(recorded_event, (), (id, at, event, user_id, actor_id, address, request_id, detail))

/// What an account may do now. It is looked up for each request, so tokens do not contain it.
struct account_status {
    bool active = false;
    http::role rank = http::role::guest;
    larder::timestamp since{};  ///< when the password was set; session cookies from before then are invalid
};
BOOST_DESCRIBE_STRUCT(account_status, (), (active, rank, since))

/// The port to where accounts and sign-ins are kept.
class store {
 public:
    virtual ~store() = default;
    /// Finds an account by a normalized username or e-mail address. If several accounts gave the same address, the one
    /// that has verified it is returned, otherwise the oldest.
    virtual asio::awaitable<std::optional<account>> find(std::string_view login) = 0;
    virtual asio::awaitable<std::optional<account>> find(std::int64_t user_id) = 0;
    /// Fails as a conflict if the username is taken, or if `a.verified` is set and another account has verified the
    /// same address. `a.role` as in users.role.
    virtual asio::awaitable<outcome<std::int64_t>> create(const account& a, std::string_view display_name,
                                                          larder::timestamp now) = 0;
    /// Ends all sign-ins except `keep` (empty: all), and voids emailed tokens for a reset or a change of address, which
    /// someone else may have requested. Returns false, without a change, if the password of `replaced` is outdated.
    virtual asio::awaitable<bool> set_password(const account& replaced, std::string_view hash, std::string_view keep,
                                               larder::timestamp now) = 0;
    /// Marks the address as verified. Fails as a conflict if another account has verified it before, and as not found
    /// if it is no longer the address of this account.
    virtual asio::awaitable<outcome<void>> verify_email(std::int64_t user_id, std::string_view email,
                                                        larder::timestamp now) = 0;
    /// Stores a costlier hash of the same password. Does nothing if the password has been changed in the meantime.
    virtual asio::awaitable<void> rehash(const account& of, std::string_view hash) = 0;

    /// Stores a new sign-in. Returns false if the password that was verified for it has been changed in the meantime,
    /// or the account deleted.
    virtual asio::awaitable<bool> begin(const sign_in& s) = 0;
    /// Replaces the current refresh token `jti` by `next`. Returns nullopt if `jti` is not the current one, or if the
    /// sign-in has ended.
    virtual asio::awaitable<std::optional<sign_in>> rotate(std::string_view id, std::string_view jti,
                                                           std::string_view next, larder::timestamp now) = 0;
    virtual asio::awaitable<std::optional<sign_in>> find_sign_in(std::string_view id) = 0;
    virtual asio::awaitable<std::vector<sign_in>> sign_ins_of(std::int64_t user_id, larder::timestamp now) = 0;
    /// Ends a sign-in. Returns false if the user has no such active sign-in.
    virtual asio::awaitable<bool> end(std::string_view id, std::int64_t user_id, larder::timestamp now) = 0;

    virtual asio::awaitable<account_status> status_of(std::int64_t user_id) = 0;
    /// `role` as in users.role; `actor_id` is the administrator who makes the change, 0 the operator. Fails if the
    /// actor is no longer an administrator, or if no administrator who can sign in would be left. Role changes and
    /// account deletions are serialized.
    virtual asio::awaitable<outcome<void>> set_role(std::int64_t user_id, std::string_view role,
                                                    std::int64_t actor_id) = 0;
    virtual asio::awaitable<void> record(const security_event& e, larder::timestamp now) = 0;
    /// Newest first; `user_id` 0: the events of all accounts.
    virtual asio::awaitable<std::vector<recorded_event>> events(std::int64_t user_id, const api::window& w) = 0;
};

/// Requires: the outbox outlives the store.
std::unique_ptr<store> make_accounts_store(storage::outbox& outbox);

struct registration {
    std::string username;
    std::string email;
    std::string password;
};
BOOST_DESCRIBE_STRUCT(registration, (), (username, email, password))

struct credentials {
    std::string username;  ///< username or e-mail address
    std::string password;
};
BOOST_DESCRIBE_STRUCT(credentials, (), (username, password))

struct tokens {
    std::string access_token;
    std::string refresh_token;
    std::string token_type = "Bearer";
    std::int64_t expires_in = 0;  ///< lifetime of the access token, in seconds
};
BOOST_DESCRIBE_STRUCT(tokens, (), (access_token, refresh_token, token_type, expires_in))

/// The operations on accounts. Requires: all references outlive this.
class service {
 public:
    service(store& accounts, password_hasher& hasher, const key_ring& keys, password_attempts& attempts,
            const larder::clock& clock)
        : store_{accounts}, hasher_{hasher}, keys_{keys}, attempts_{attempts}, clock_{clock}
    {}

    /// Creates an account and returns the new user's id. Unless `verified`, an email asks the member to verify the
    /// address.
    asio::awaitable<outcome<std::int64_t>> enroll(const registration& r, std::string role, bool verified = false);
    /// Returns the account with this name and password. May wait some seconds if the account has had many wrong
    /// passwords.
    asio::awaitable<outcome<account>> check(const credentials& c, origin from);
    /// check(), then start().
    asio::awaitable<outcome<tokens>> sign_in_with(const credentials& c, origin from);
    /// Starts a sign-in of a member who has just been authenticated, and returns its tokens. Fails if the password was
    /// changed since `who` was read.
    asio::awaitable<outcome<tokens>> start(const account& who, origin from);
    /// Logs a security event that the user caused for their own account.
    asio::awaitable<void> record(std::string event, std::int64_t user_id, origin from);
    /// Exchanges a refresh token for new tokens. Ends the sign-in if the token was used before.
    asio::awaitable<outcome<tokens>> refresh(std::string token, origin from);
    /// Verifies the password of a member who is signed in, and returns the account. If it is wrong, the failure names
    /// `field` of the request.
    asio::awaitable<outcome<account>> confirm(std::int64_t user_id, std::string password, std::string field,
                                              origin from);
    /// Records the network of `from`, so that attempts of others no longer slow down sign-ins from it.
    asio::awaitable<void> trust_network(std::int64_t user_id, origin from);
    asio::awaitable<outcome<void>> change_password(std::int64_t user_id, std::string old, std::string next,
                                                   std::string keep, origin from);
    /// Returns the hash of a new password. Fails naming `password` if it is too easy to guess, or as unavailable.
    asio::awaitable<outcome<std::string>> hash_new(const account& of, std::string password);
    /// Sets a password without checking the old one. The caller has to make sure that this is permitted: to the owner,
    /// authenticated in another way, or to an administrator. All sign-ins except `keep` end.
    asio::awaitable<outcome<void>> set_password(const account& of, std::string next, std::string keep);

    store& accounts() noexcept { return store_; }
    const key_ring& keys() const noexcept { return keys_; }
    const larder::clock& clock() const noexcept { return clock_; }

 private:
    tokens tokens_of(const sign_in& s, bool fresh) const;

    store& store_;
    password_hasher& hasher_;
    const key_ring& keys_;
    password_attempts& attempts_;
    const larder::clock& clock_;
};

/// A random id of 128 bits, as text.
std::string random_id();
std::string normalized_email(std::string_view written);
/// Whether mail can be sent to it. ASCII only.
bool is_email(std::string_view normalized) noexcept;

}  // namespace agora::auth
