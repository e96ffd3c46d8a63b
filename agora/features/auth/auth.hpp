// SPDX-License-Identifier: MIT
// Accounts and signing in: the rules, and the port to where accounts are kept.
//
// A sign-in gives an access token for minutes and a refresh token for weeks. A refresh token is good once: each use
// gives its successor. One that is used again, later than some seconds after, has been stolen or copied: the whole
// sign-in ends. Unknown names and wrong passwords give the same answer after the same time. Verbs are coroutines,
// thread-safe. Sources: RFC 6749 10.4, RFC 9700 4.14, OWASP ASVS 5.0 chapters 6, 7 and 9.
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
    bool verified = false;  ///< the address is known to be his own
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
    /// What attempts are counted for: one customer's part of the network.
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
    larder::timestamp password_of{};  ///< the time of the password that was verified for it; see store::begin()
};

/// One row of the log of security events.
class security_event {
 public:
    security_event(std::string what, const origin& from) : event{std::move(what)}, at{from} {}
    std::string event;
    origin at;
    std::int64_t user_id = 0;   ///< 0: nobody's account
    std::int64_t actor_id = 0;  ///< 0: not known
    std::string detail{};
};

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

/// What an account may do now; decided for each request, so a token does not carry it.
struct account_status {
    bool active = false;
    http::role rank = http::role::guest;
    larder::timestamp since{};  ///< cookies of sign-ins before that have ended: there is a new password
};
BOOST_DESCRIBE_STRUCT(account_status, (), (active, rank, since))

class store {
 public:
    virtual ~store() = default;
    /// By a normalized username or e-mail address. Several may have given the same address; it is that of the one who
    /// has verified it, else of the first.
    virtual asio::awaitable<std::optional<account>> find(std::string_view login) = 0;
    virtual asio::awaitable<std::optional<account>> find(std::int64_t user_id) = 0;
    /// Fails as a conflict when the name is taken, or the address that shall be verified; `role` as in users.role.
    virtual asio::awaitable<outcome<std::int64_t>> create(const account& a, std::string_view display_name,
                                                          larder::timestamp now) = 0;
    /// Ends all sign-ins but one (or none), and what mail was sent for: it may have been asked for by somebody else.
    /// False: the password is not that of `replaced` any more; nothing was changed.
    virtual asio::awaitable<bool> set_password(const account& replaced, std::string_view hash, std::string_view keep,
                                               larder::timestamp now) = 0;
    /// The address is the member's own. Fails as a conflict when another account has verified it before, and as not
    /// found when it is not the address of this account any more.
    virtual asio::awaitable<outcome<void>> verify_email(std::int64_t user_id, std::string_view email,
                                                        larder::timestamp now) = 0;
    /// The same password, hashed dearer. Does nothing when there is another password meanwhile.
    virtual asio::awaitable<void> rehash(const account& of, std::string_view hash) = 0;

    /// False: the password that was verified for it has been changed meanwhile, or the account deleted.
    virtual asio::awaitable<bool> begin(const sign_in& s) = 0;
    /// Makes `next` the current token in place of `jti`; nullopt: that was not the current one, or the sign-in is over.
    virtual asio::awaitable<std::optional<sign_in>> rotate(std::string_view id, std::string_view jti,
                                                           std::string_view next, larder::timestamp now) = 0;
    virtual asio::awaitable<std::optional<sign_in>> find_sign_in(std::string_view id) = 0;
    virtual asio::awaitable<std::vector<sign_in>> sign_ins_of(std::int64_t user_id, larder::timestamp now) = 0;
    /// False: there is no such sign-in of that user.
    virtual asio::awaitable<bool> end(std::string_view id, std::int64_t user_id, larder::timestamp now) = 0;

    virtual asio::awaitable<account_status> status_of(std::int64_t user_id) = 0;
    /// `role` as in users.role; `actor_id`: the administrator who changes it, 0: the operator. Fails when the actor is
    /// no administrator any more, or when no administrator who can sign in would be left. Changes of roles and
    /// departures run one after the other.
    virtual asio::awaitable<outcome<void>> set_role(std::int64_t user_id, std::string_view role,
                                                    std::int64_t actor_id) = 0;
    virtual asio::awaitable<void> record(const security_event& e, larder::timestamp now) = 0;
    /// The newest first; `user_id` 0: of all accounts.
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
    std::string username;  ///< or e-mail address
    std::string password;
};
BOOST_DESCRIBE_STRUCT(credentials, (), (username, password))

struct tokens {
    std::string access_token;
    std::string refresh_token;
    std::string token_type = "Bearer";
    std::int64_t expires_in = 0;  ///< of the access token, seconds
};
BOOST_DESCRIBE_STRUCT(tokens, (), (access_token, refresh_token, token_type, expires_in))

/// The verbs. Requires: all references outlive this.
class service {
 public:
    service(store& accounts, password_hasher& hasher, const key_ring& keys, password_attempts& attempts,
            const larder::clock& clock)
        : store_{accounts}, hasher_{hasher}, keys_{keys}, attempts_{attempts}, clock_{clock}
    {}

    /// Returns the new user's id. Unless `verified`, a letter asks whether the address is his.
    asio::awaitable<outcome<std::int64_t>> enroll(const registration& r, std::string role, bool verified = false);
    /// The account whose name and password these are. May wait some seconds for an account that is being guessed at.
    asio::awaitable<outcome<account>> check(const credentials& c, origin from);
    asio::awaitable<outcome<tokens>> sign_in_with(const credentials& c, origin from);
    /// Tokens for one who has just proven who he is. Fails when the password was changed since `who` was read.
    asio::awaitable<outcome<tokens>> start(const account& who, origin from);
    asio::awaitable<void> record(std::string event, std::int64_t user_id, origin from);
    asio::awaitable<outcome<tokens>> refresh(std::string token, origin from);
    /// The account of one who is signed in, if this is his password; else fails naming that field of the request.
    asio::awaitable<outcome<account>> confirm(std::int64_t user_id, std::string password, std::string field,
                                              origin from);
    /// Sign-ins from there are not slowed down by what others try.
    asio::awaitable<void> trust_network(std::int64_t user_id, origin from);
    asio::awaitable<outcome<void>> change_password(std::int64_t user_id, std::string old, std::string next,
                                                   std::string keep, origin from);
    /// The hash of a new password. Fails naming `password` when it is too easily guessed, or as unavailable.
    asio::awaitable<outcome<std::string>> hash_new(const account& of, std::string password);
    /// Of whoever has the right to: the owner after he has proven himself otherwise, or an administrator.
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
