// SPDX-License-Identifier: MIT
// Signing in with tokens, and registering. A sign-in yields an access token, valid for minutes, and a refresh token,
// valid for weeks. A refresh token can be used once: each use returns its successor. If one is used again more than a
// few seconds later, it was stolen or copied, so the whole sign-in ends. Thread-safe. Sources: RFC 6749 10.4, RFC 9700
// 4.14, OWASP ASVS 5.0 chapters 7 and 9.
#pragma once

#include <agora/credentials/jwt.hpp>
#include <agora/features/accounts/accounts.hpp>
#include <agora/http/response.hpp>
#include <larder/json/schema.hpp>

namespace agora::problems {

inline const problem_code registration_closed{"registration_closed", 403, "Registration is closed in this community.",
                                              "Ask an administrator for an account."};
inline const problem_code token_reused{
    "token_reused", 401, "The refresh token has been used before, so it may be stolen. The sign-in has been ended.",
    "Sign in again."};

}  // namespace agora::problems

namespace agora::sign_ins {

namespace asio = boost::asio;

inline constexpr std::chrono::minutes access_life{15};
inline constexpr std::chrono::hours refresh_life{24 * 30};
inline constexpr std::chrono::seconds reuse_grace{10};

/// A family of refresh tokens that replace each other.
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
};
BOOST_DESCRIBE_STRUCT(sign_in, (),
                      (id, user_id, current_jti, previous_jti, rotated_at, created_at, expires_at, address, agent,
                       revoked))

/// Key: sign-in. The id of its user; 0: it has ended. Invalidated by signing out, a new password, a reused refresh
/// token and deletion of the account.
inline constexpr larder::region<std::int64_t(std::string)> sign_in_owners{"sign-in:{}",
                                                                          {.ttl = std::chrono::minutes{15}}};

/// The port to where sign-ins are kept.
class store {
 public:
    virtual ~store() = default;
    /// Stores a new sign-in. Returns false if the password that was verified for it, which was set at `password_of`,
    /// has been changed in the meantime, or the account deleted.
    virtual asio::awaitable<bool> begin(const sign_in& s, larder::timestamp password_of) = 0;
    /// Replaces the current refresh token `jti` by `next`. Returns nullopt if `jti` is not the current one, or if the
    /// sign-in has ended.
    virtual asio::awaitable<std::optional<sign_in>> rotate(std::string_view id, std::string_view jti,
                                                           std::string_view next, larder::timestamp now) = 0;
    virtual asio::awaitable<std::optional<sign_in>> find(std::string_view id) = 0;
    virtual asio::awaitable<std::vector<sign_in>> of_user(std::int64_t user_id, larder::timestamp now) = 0;
    /// Ends a sign-in. Returns false if the user has no such active sign-in.
    virtual asio::awaitable<bool> end(std::string_view id, std::int64_t user_id, larder::timestamp now) = 0;
};

/// Requires: the outbox outlives the store.
std::unique_ptr<store> make_store(storage::outbox& outbox);

/// A password_listener: ends all sign-ins except the one that is kept.
asio::awaitable<void> end_others(storage::session& s, storage::invalidations& invalidations,
                                 const accounts::password_replacement& p);
/// An account_remover: deletes the member's sign-ins.
asio::awaitable<void> remove_sign_ins(storage::session& s, storage::invalidations& invalidations, std::int64_t user_id);

struct tokens {
    std::string access_token;
    std::string refresh_token;
    std::string token_type = "Bearer";
    std::int64_t expires_in = 0;  ///< lifetime of the access token, in seconds
};
BOOST_DESCRIBE_STRUCT(tokens, (), (access_token, refresh_token, token_type, expires_in))

inline constexpr std::array<std::string_view, 1> token_types{"Bearer"};

inline constexpr larder::json::member_facts tokens_facts[]{
    {.name = "access_token", .meaning = "Sent as Authorization: Bearer. Valid for 15 minutes."},
    {.name = "refresh_token", .meaning = "Can be exchanged once for new tokens. Valid for 30 days."},
    {.name = "token_type", .meaning = "Always Bearer.", .words = token_types},
    {.name = "expires_in", .meaning = "Lifetime of the access token in seconds.", .least = 1},
};
inline larder::json::type_facts facts_of(std::type_identity<tokens>)
{
    return {"Tokens", "What a sign-in yields.", tokens_facts};
}

struct refresh_request {
    std::string refresh_token;
};
BOOST_DESCRIBE_STRUCT(refresh_request, (), (refresh_token))

inline constexpr larder::json::member_facts refresh_request_facts[]{
    {.name = "refresh_token", .meaning = "The refresh token of the last sign-in or exchange.", .least = 1},
};
inline larder::json::type_facts facts_of(std::type_identity<refresh_request>)
{
    return {"TokenRefresh", "A refresh token to exchange.", refresh_request_facts};
}

enum class registration_mode : std::uint8_t { open, closed };

/// /api/auth/register, /login and /refresh, and the public keys of tokens.
class slice {
 public:
    /// `keys` must not be empty.
    slice(services& s, accounts::slice& accounts, security_events::slice& events, credentials::key_ring keys,
          registration_mode mode);

    /// Creates an account for somebody who registers. Fails if registration is closed.
    asio::awaitable<outcome<accounts::account>> sign_up(const accounts::registration& wanted, http::client_info from);
    /// Verifies the password, then start().
    asio::awaitable<outcome<tokens>> sign_in_with(const accounts::sign_in_request& c, http::client_info from);
    /// Starts a sign-in of a member who has just been authenticated, and returns its tokens. Fails if the password was
    /// changed since `who` was read.
    asio::awaitable<outcome<tokens>> start(const accounts::account& who, http::client_info from);
    /// Exchanges a refresh token for new tokens. Ends the sign-in if the token was used before.
    asio::awaitable<outcome<tokens>> exchange(std::string token, http::client_info from);

    sign_ins::store& store() noexcept { return *store_; }
    const credentials::key_ring& keys() const noexcept { return keys_; }
    /// The limit of sign-ins from one client address, in whichever way.
    larder::rate_limit& attempts_per_address() noexcept { return attempts_per_address_; }
    /// The limit of registrations from one client address.
    larder::rate_limit& sign_ups() noexcept { return sign_ups_; }
    registration_mode mode() const noexcept { return mode_; }

 private:
    asio::awaitable<outcome<http::created<tokens>>> enroll(http::anyone, const http::body<accounts::registration>& b,
                                                           const http::client_info& from);
    asio::awaitable<outcome<tokens>> sign_in(http::anyone, const http::body<accounts::sign_in_request>& b,
                                             const http::client_info& from);
    asio::awaitable<outcome<tokens>> refresh(http::anyone, const http::body<refresh_request>& b,
                                             const http::client_info& from);
    http::response public_keys(http::anyone);
    tokens tokens_of(const sign_ins::sign_in& s, bool fresh) const;

    const std::unique_ptr<sign_ins::store> store_;
    accounts::slice& accounts_;
    security_events::slice& events_;
    const credentials::key_ring keys_;
    const registration_mode mode_;
    larder::rate_limit& attempts_per_address_;
    larder::rate_limit& sign_ups_;
    const larder::clock& clock_;
};

/// The failure for a registration in a community that is closed.
failure registration_closed();

}  // namespace agora::sign_ins
