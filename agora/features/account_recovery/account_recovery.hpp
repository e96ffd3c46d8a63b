// SPDX-License-Identifier: MIT
// What members do by email: verify an address, reset a forgotten password, change the address of the account.
//
// The tokens in the emails have 256 random bits, are stored as hashes, and are valid once and for a limited time. A
// request for a reset does not reveal whether the address has an account, a request for a change not whether the new
// address belongs to another one. An address changes when the token sent to it comes back; the old address gets a
// notice before and after. Links begin with the configured PUBLIC_URL, never with the host of a request. They lead to
// pages that consume nothing before a button is pressed, because programs that check mail follow links. Emails wait in
// the database until send_next() sends them. Thread-safe.
#pragma once

#include <agora/features/accounts/accounts.hpp>
#include <agora/features/api_keys/api_keys.hpp>
#include <agora/mail/mail.hpp>
#include <larder/json/schema.hpp>
#include <larder/session.hpp>
#include <memory>

namespace agora::problems {

inline const problem_code too_many_emails{"too_many_emails", 429,
                                          "Too many emails were sent at the request of this member or network.",
                                          "Wait for the seconds in Retry-After; look for the earlier emails."};
inline const problem_code bad_token{"bad_token", 403,
                                    "The token from an email is wrong, used, expired or replaced by a newer one.",
                                    "Request a new email and use its link."};

}  // namespace agora::problems

namespace agora::account_recovery {

namespace asio = boost::asio;

inline constexpr std::chrono::hours reset_life{1};
inline constexpr std::chrono::hours verification_life{48};  ///< also of the token that confirms a new address

/// Why an email is sent (column `letters.purpose`), and what the token in it is for.
namespace purposes {
inline constexpr std::string_view reset = "reset";
inline constexpr std::string_view verify = "verify";
inline constexpr std::string_view confirm_new_address = "change";
inline constexpr std::string_view warn_old_address = "change_asked";
inline constexpr std::string_view old_address_replaced = "changed";
}  // namespace purposes

/// An email that waits to be sent.
struct queued_email {
    std::int64_t id = 0;
    std::string purpose;
    std::int64_t user_id = 0;
    std::string email;  ///< the address that it is sent to
    std::int64_t tries = 0;
    std::string username;
};
BOOST_DESCRIBE_STRUCT(queued_email, (), (id, purpose, user_id, email, tries, username))

/// The account that a token was sent for, and the address that it was sent to.
struct token_owner {
    std::int64_t user_id = 0;
    std::string email;
};
BOOST_DESCRIBE_STRUCT(token_owner, (), (user_id, email))

/// A token of an email, as it is stored.
class stored_token {
 public:
    std::string hash;
    larder::timestamp expires_at{};
};

/// The port to where emails and their tokens are kept. Each write is one transaction.
class store {
 public:
    virtual ~store() = default;
    /// Queues an email that resets a password; `owner` nullopt: the address has no account, nothing will be sent. Both
    /// take the same time.
    virtual asio::awaitable<void> queue_reset(std::optional<token_owner> owner, const security_events::event& e,
                                              larder::timestamp now) = 0;
    /// Queues an email with a verification token, unless the address is verified already.
    virtual asio::awaitable<void> queue_verification(std::int64_t user_id, larder::timestamp now) = 0;
    /// Queues the emails to the new and the old address. An earlier request for a change ends.
    virtual asio::awaitable<void> queue_change(const token_owner& wanted, std::string_view old_address,
                                               const security_events::event& e, larder::timestamp now) = 0;

    virtual asio::awaitable<std::optional<token_owner>> find_token(std::string_view hash, std::string_view purpose,
                                                                   larder::timestamp now) = 0;
    /// Deletes the token. Returns nullopt if it is not valid, or another request was faster.
    virtual asio::awaitable<std::optional<token_owner>> use_token(std::string_view hash, std::string_view purpose,
                                                                  larder::timestamp now) = 0;
    /// Stores the token of an email that is about to be sent. Earlier ones stay valid, but only the latest 20.
    virtual asio::awaitable<void> add_token(const queued_email& of, const stored_token& t, larder::timestamp now) = 0;
    /// Uses the token up, and gives the account the address that it was sent to, verified. All other tokens of the
    /// account become invalid, and the old address gets a notice. `client` is where the request comes from.
    virtual asio::awaitable<outcome<void>> change_address(std::string_view hash, const http::client_info& client,
                                                          larder::timestamp now) = 0;

    /// Takes an email that is due; it is due again after a pause that doubles with each try.
    virtual asio::awaitable<std::optional<queued_email>> claim(larder::timestamp now) = 0;
    virtual asio::awaitable<void> remove(std::int64_t id) = 0;
    /// The username of another member who has verified the address; empty if there is none.
    virtual asio::awaitable<std::string> owner_beside(const queued_email& e) = 0;
};

/// Requires: the outbox outlives the store.
std::unique_ptr<store> make_store(storage::outbox& outbox);

/// A password_listener: voids tokens and emails that someone else may have requested.
asio::awaitable<void> void_requests(storage::session& s, storage::invalidations& invalidations,
                                    const accounts::password_replacement& p);
/// An account_remover.
asio::awaitable<void> remove_emails(storage::session& s, storage::invalidations& invalidations, std::int64_t user_id);

/// The failure for a token from an email that is not, or no longer, valid.
failure bad_token();

struct forgotten {
    std::string email;
};
BOOST_DESCRIBE_STRUCT(forgotten, (), (email))

inline constexpr larder::json::member_facts forgotten_facts[]{
    {.name = "email", .meaning = "The e-mail address of the account.", .least = 1},
};
inline larder::json::type_facts facts_of(std::type_identity<forgotten>)
{
    return {"ForgottenPassword", "Whose password is forgotten.", forgotten_facts};
}

struct new_password {
    std::string token;
    std::string new_password;
};
BOOST_DESCRIBE_STRUCT(new_password, (), (token, new_password))

inline constexpr larder::json::member_facts new_password_facts[]{
    {.name = "token", .meaning = "The token from the email.", .least = 1},
    {.name = "new_password",
     .meaning = "Must not be easy to guess.",
     .least = credentials::min_password,
     .most = credentials::max_password},
};
inline larder::json::type_facts facts_of(std::type_identity<new_password>)
{
    return {"PasswordReset", "A new password, authorised by an email.", new_password_facts};
}

/// The token from an email.
struct verification {
    std::string token;
};
BOOST_DESCRIBE_STRUCT(verification, (), (token))

inline constexpr larder::json::member_facts verification_facts[]{
    {.name = "token", .meaning = "The token from the email.", .least = 1},
};
inline larder::json::type_facts facts_of(std::type_identity<verification>)
{
    return {"EmailToken", "The token from an email.", verification_facts};
}

struct email_change {
    std::string email;
    std::string password;
};
BOOST_DESCRIBE_STRUCT(email_change, (), (email, password))

inline constexpr larder::json::member_facts email_change_facts[]{
    {.name = "email", .meaning = "The new address.", .most = accounts::max_email, .format = "email"},
    {.name = "password", .meaning = "The current password.", .least = 1},
};
inline larder::json::type_facts facts_of(std::type_identity<email_change>)
{
    return {"EmailChange", "Another e-mail address.", email_change_facts};
}

struct recovery_message {
    std::string message;
};
BOOST_DESCRIBE_STRUCT(recovery_message, (), (message))

/// The pages of forgotten passwords and of the links in emails, and the settings of the address.
class page_routes;

inline constexpr larder::json::member_facts recovery_message_facts[]{
    {.name = "message", .meaning = "A sentence for people."},
};
inline larder::json::type_facts facts_of(std::type_identity<recovery_message>)
{
    return {"Message", "What happens next.", recovery_message_facts};
}

/// /api/auth/password/forgot and /reset, /api/auth/verify-email and /resend-verification, /api/auth/email.
class slice {
 public:
    /// Requires: all references outlive this.
    slice(services& s, accounts::slice& accounts, api_keys::slice& keys, security_events::slice& events,
          std::string public_url);

    /// Queues an email with a reset token, if there is an account with this address or username.
    asio::awaitable<void> ask_reset(std::string login, http::client_info from);
    /// The same, unless too many emails to that address were requested, which the caller does not learn.
    asio::awaitable<void> ask_reset_within_limit(std::string login, http::client_info from);
    /// Sets a new password and returns the user's id. Ends all of the member's sign-ins by token.
    asio::awaitable<outcome<std::int64_t>> reset(std::string token, std::string password, http::client_info from);
    asio::awaitable<outcome<void>> verify(std::string token, http::client_info from);
    /// The address that a valid token was sent to; nullopt if the token is not valid. Consumes nothing.
    asio::awaitable<std::optional<std::string>> address_of(std::string token, std::string_view purpose);
    /// Requests another address and queues both emails. Fails if the password is wrong, if the text is not an e-mail
    /// address or is already the account's own, or as too_many.
    asio::awaitable<outcome<void>> ask_change(std::int64_t user_id, const email_change& wanted, http::client_info from);
    /// Gives the account the new address, verified. Tokens that were sent to the old address become invalid.
    asio::awaitable<outcome<void>> confirm_change(std::string token, http::client_info from);

    /// Sends one email that is due. Returns false if there is none. An email that cannot be sent is tried 8 times in
    /// about a day.
    asio::awaitable<bool> send_next(mail::mailer& by);

 private:
    friend class page_routes;  // its forms do what the handlers below do

    using message = outcome<http::accepted<recovery_message>>;
    asio::awaitable<message> forgot(http::anyone, const http::body<forgotten>& b, const http::client_info& from);
    asio::awaitable<outcome<void>> set_forgotten(http::anyone, const http::body<new_password>& b,
                                                 const http::client_info& from);
    asio::awaitable<outcome<void>> verify_address(http::anyone, const http::body<verification>& b,
                                                  const http::client_info& from);
    asio::awaitable<message> resend(http::member who);
    asio::awaitable<message> request_change(http::member who, const http::body<email_change>& b,
                                            const http::client_info& from);
    asio::awaitable<outcome<void>> confirm_address(http::anyone, const http::body<verification>& b,
                                                   const http::client_info& from);

    asio::awaitable<void> settle(const accounts::account& of);
    asio::awaitable<bool> may_send(const queued_email& e);
    asio::awaitable<mail::email> write(const queued_email& e);
    asio::awaitable<std::string> make_token(const queued_email& e);

    const std::unique_ptr<account_recovery::store> store_;
    accounts::slice& accounts_;
    api_keys::slice& api_keys_;
    security_events::slice& events_;
    larder::session_store& sessions_;
    larder::rate_limit& email_limit_;  ///< emails to one address, and emails that one member causes
    larder::rate_limit& attempts_;     ///< requests from one address
    larder::rate_limit& confirmations_;
    const std::string public_url_;
    const larder::clock& clock_;
    const std::shared_ptr<page_routes> pages_;
};

/// Requires: all references outlive the pages.
std::shared_ptr<page_routes> make_pages(services& s, slice& recovery, accounts::slice& accounts);

}  // namespace agora::account_recovery
