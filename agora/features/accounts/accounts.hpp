// SPDX-License-Identifier: MIT
// Accounts: who may sign in, with which password, and in which role. Other slices build sign-ins, API keys and the
// recovery of accounts on it.
//
// A password is verified by check(), for signing in, and by confirm(), for a change by a member who is signed in. Both
// count the attempt (password_attempts.hpp) and hash in a small pool of their own (credentials/passwords.hpp). Unknown
// names and wrong passwords give the same response after the same time. The time at which a password was set identifies
// it, so that neither a sign-in nor a new password can undo a concurrent change. Thread-safe. Source: OWASP ASVS 5.0
// chapters 6 and 9.
#pragma once

#include <agora/credentials/passwords.hpp>
#include <agora/features/accounts/password_attempts.hpp>
#include <agora/features/accounts/problem_codes.hpp>
#include <agora/features/accounts/roles.hpp>
#include <agora/features/security_events/security_events.hpp>
#include <agora/features/users/users.hpp>
#include <agora/http/client_info.hpp>
#include <agora/http/parameters.hpp>
#include <agora/outcome.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/describe.hpp>
#include <functional>
#include <larder/json/schema.hpp>
#include <larder/region.hpp>
#include <memory>

namespace agora::accounts {

struct account {
    std::int64_t user_id = 0;
    std::string username;
    std::string email;
    std::string role;
    std::string password_hash;
    bool verified = false;  ///< the member has proven that the address is theirs
    larder::timestamp password_changed_at{};
};
BOOST_DESCRIBE_STRUCT(account, (), (user_id, username, email, role, password_hash, verified, password_changed_at))

/// What an account may do now. It is looked up for each request, so tokens do not contain it.
struct account_status {
    bool active = false;
    http::role rank = http::role::guest;
    larder::timestamp since{};  ///< when the password was set; session cookies from before then are invalid
    std::string username;       ///< for the account box of pages; usernames never change
};
BOOST_DESCRIBE_STRUCT(account_status, (), (active, rank, since, username))

/// Key: user id. Invalidated by a new role, a new password, and deletion.
inline constexpr larder::region<account_status(std::int64_t)> account_statuses{"standing:{}",
                                                                               {.ttl = std::chrono::minutes{15}}};

/// An account that gets a new password.
class password_replacement {
 public:
    std::int64_t user_id = 0;
    std::string_view keep_sign_in;  ///< id of the sign-in that stays valid; empty: none
    larder::timestamp now{};
};

/// Runs in the transaction that sets a password: ends what someone who knows the old one may have begun.
using password_listener = std::function<asio::awaitable<void>(
    storage::session& s, storage::invalidations& invalidations, const password_replacement& p)>;

/// The port to where accounts are kept.
class store {
 public:
    virtual ~store() = default;
    /// Finds an account by a normalized username or e-mail address. If several accounts gave the same address, the one
    /// that has verified it is returned, otherwise the oldest.
    virtual asio::awaitable<std::optional<account>> find(std::string_view login) = 0;
    virtual asio::awaitable<std::optional<account>> find(std::int64_t user_id) = 0;
    /// Fails as a conflict if the username is taken, or if `a.verified` is set and another account has verified the
    /// same address. `a.role` as in users.role. Unless `a.verified`, an email asks the member to verify the address.
    virtual asio::awaitable<outcome<std::int64_t>> create(const account& a, std::string_view display_name,
                                                          larder::timestamp now) = 0;
    /// Returns false, without a change, if the password of `replaced` is outdated.
    virtual asio::awaitable<bool> set_password(const account& replaced, std::string_view hash, std::string_view keep,
                                               larder::timestamp now) = 0;
    /// Marks the address as verified. Fails as a conflict if another account has verified it before, and as not found
    /// if it is no longer the address of this account.
    virtual asio::awaitable<outcome<void>> verify_email(std::int64_t user_id, std::string_view email,
                                                        larder::timestamp now) = 0;
    /// Stores a costlier hash of the same password. Does nothing if the password has been changed in the meantime.
    virtual asio::awaitable<void> rehash(const account& of, std::string_view hash) = 0;
    virtual asio::awaitable<account_status> status_of(std::int64_t user_id) = 0;
    /// `role` as in users.role; `actor_id` is the administrator who makes the change, 0 the operator. Fails if the
    /// actor is no longer an administrator, or if no administrator who can sign in would be left. Role changes and
    /// account deletions are serialized.
    virtual asio::awaitable<outcome<void>> set_role(std::int64_t user_id, std::string_view role,
                                                    std::int64_t actor_id) = 0;
};

/// Requires: both outlive the store.
std::unique_ptr<store> make_store(storage::outbox& outbox, const std::vector<password_listener>& listeners);

/// Locks the account in the caller's transaction, so that its password cannot change meanwhile. Returns false if the
/// password of `a` is outdated, or the account deleted.
asio::awaitable<bool> lock_password(storage::session& s, std::int64_t user_id, larder::timestamp password_changed_at);
/// An account_remover: deletes the account's own rows.
asio::awaitable<void> remove_account(storage::session& s, storage::invalidations& invalidations, std::int64_t user_id);
/// Queues an email of the given purpose in the caller's transaction. The slice account_recovery sends it.
asio::awaitable<void> queue_email(storage::session& s, std::string_view purpose, std::int64_t user_id,
                                  std::string_view email, larder::timestamp now);

inline constexpr std::size_t max_email = 254;  ///< bytes

struct registration {
    std::string username;
    std::string email;
    std::string password;
};
BOOST_DESCRIBE_STRUCT(registration, (), (username, email, password))

inline constexpr larder::json::member_facts registration_facts[]{
    {.name = "username",
     .meaning =
         "2 to 30 letters, digits and the characters _ . - with at least one letter. It is stored in lower case.",
     .least = users::min_username,
     .most = users::max_username},
    {.name = "email", .meaning = "An email asks to verify it.", .most = max_email, .format = "email"},
    {.name = "password",
     .meaning = "Must not be easy to guess.",
     .least = credentials::min_password,
     .most = credentials::max_password},
};
inline larder::json::type_facts facts_of(std::type_identity<registration>)
{
    return {"Registration", "A new account.", registration_facts};
}

struct sign_in_request {
    std::string username;  ///< username or e-mail address
    std::string password;
};
BOOST_DESCRIBE_STRUCT(sign_in_request, (), (username, password))

inline constexpr larder::json::member_facts sign_in_request_facts[]{
    {.name = "username", .meaning = "The username or the e-mail address.", .least = 1},
    {.name = "password", .meaning = "The password.", .least = 1},
};
inline larder::json::type_facts facts_of(std::type_identity<sign_in_request>)
{
    return {"Credentials", "What a member signs in with.", sign_in_request_facts};
}

struct role_change {
    std::string role;  ///< user, moderator or admin
};
BOOST_DESCRIBE_STRUCT(role_change, (), (role))

inline constexpr larder::json::member_facts role_change_facts[]{
    {.name = "role", .meaning = "The new role.", .words = users::role_words},
};
inline larder::json::type_facts facts_of(std::type_identity<role_change>)
{
    return {"RoleChange", "What a member may do from now on.", role_change_facts};
}

/// A member's own account: the public profile and the e-mail address.
struct own_account : users::user {
    std::string email;
    bool email_verified = false;
};
BOOST_DESCRIBE_STRUCT(own_account, (users::user), (email, email_verified))

inline constexpr larder::json::member_facts own_account_facts[]{
    {.name = "email", .meaning = "The e-mail address; only its owner and admins see it."},
    {.name = "email_verified", .meaning = "Whether the member has proven that the address is theirs."},
};
inline larder::json::type_facts facts_of(std::type_identity<own_account>)
{
    return {"Account", "The own account: the public profile and the e-mail address.", own_account_facts};
}

/// How costly passwords are to verify and to guess. Tests choose cheaper ones.
struct password_options {
    credentials::hashing_cost cost{};
    std::size_t threads = 0;  ///< that hash; 0: one per two cores
    attempt_pace pace{};
};

/// The operations on accounts, /api/users/me and /api/auth/me (one's own account), and the administrators' route for
/// roles.
class slice {
 public:
    slice(services& s, users::slice& people, security_events::slice& events, password_options o = {});

    /// Creates an account and returns the new user's id.
    asio::awaitable<outcome<std::int64_t>> enroll(const registration& r, std::string role, bool verified = false);
    /// Returns the account with this name and password. May wait some seconds if the account has had many wrong
    /// passwords.
    asio::awaitable<outcome<account>> check(const sign_in_request& c, http::client_info from);
    /// Verifies the password of a member who is signed in, and returns the account. If it is wrong, the failure names
    /// `field` of the request.
    asio::awaitable<outcome<account>> confirm(std::int64_t user_id, std::string password, std::string field,
                                              http::client_info from);
    /// Records the network of `from`, so that attempts of others no longer slow down sign-ins from it.
    asio::awaitable<void> remember_network(std::int64_t user_id, http::client_info from);
    asio::awaitable<outcome<void>> change_password(std::int64_t user_id, std::string old, std::string next,
                                                   std::string keep, http::client_info from);
    /// Returns the hash of a new password. Fails naming `password` if it is too easy to guess, or as unavailable.
    asio::awaitable<outcome<std::string>> hash_new(const account& of, std::string password);
    /// Sets a password without checking the old one. The caller has to make sure that this is permitted: to the owner,
    /// authenticated in another way, or to an administrator. All sign-ins except `keep` end.
    asio::awaitable<outcome<void>> set_password(const account& of, std::string next, std::string keep);

    /// Adds a function that runs in every transaction that sets a password. Not thread-safe; for constructors.
    void on_new_password(password_listener f) { listeners_.push_back(std::move(f)); }

    accounts::store& store() noexcept { return *store_; }
    password_attempts& attempts() noexcept { return attempts_; }
    credentials::password_hasher& hasher() noexcept { return hasher_; }

 private:
    asio::awaitable<outcome<own_account>> me(http::member who);
    asio::awaitable<outcome<users::user>> set_role(http::admin who, const http::path<std::int64_t>& id,
                                                   const http::body<role_change>& wanted,
                                                   const http::client_info& from);

    std::vector<password_listener> listeners_;
    const std::unique_ptr<accounts::store> store_;
    users::slice& users_;
    security_events::slice& events_;
    credentials::password_hasher hasher_;
    known_networks networks_;
    password_attempts attempts_;
    const larder::clock& clock_;
};

/// The failure for an unknown name or a wrong password.
failure wrong_credentials();
/// The failure for a username that another account has.
failure username_taken();
/// The failure for an address that another account has verified.
failure email_taken();
std::string normalized_email(std::string_view written);
/// Whether mail can be sent to it. ASCII only.
bool is_email(std::string_view normalized) noexcept;

}  // namespace agora::accounts
