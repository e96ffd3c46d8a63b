// SPDX-License-Identifier: MIT
// Authentication as a pure function: from what is known about a request's credentials to who sent it.
//
// The caller starts with what the request itself says, and calls decide(). The result is either a verdict or the one
// fact that is missing; the caller gathers that fact, from memory if it can, and calls again. So nothing is looked up
// that the verdict does not depend on.
//
// Credentials that no longer count are treated by their kind. A browser sends a cookie by itself, so a cookie that has
// ended makes a guest. A program sends a token on purpose, so a token that does not count is refused with 401, on every
// route, and a cookie beside it does not help. While a fact cannot be looked up, the request is a guest's whose account
// is not known: nobody is signed out by an outage, and nobody is let in.
#pragma once

#include <agora/features/auth/api_keys.hpp>
#include <agora/features/auth/auth.hpp>
#include <agora/http/request.hpp>
#include <optional>

namespace agora::auth {

/// Something that has to be looked up: not yet done, done, or not possible at the moment.
template <class T>
class fact {
 public:
    enum class state : std::uint8_t { unknown, known, unreachable };

    void learn(T value)
    {
        value_ = std::move(value);
        state_ = state::known;
    }
    void give_up() noexcept { state_ = state::unreachable; }
    bool unknown() const noexcept { return state_ == state::unknown; }
    bool unreachable() const noexcept { return state_ == state::unreachable; }
    /// Requires: it is known.
    const T& value() const noexcept { return value_; }

 private:
    T value_{};
    state state_ = state::unknown;
};

/// What the Authorization field holds.
enum class authorization : std::uint8_t {
    none,
    unsupported_scheme,
    several,        ///< more than one field: it is not clear which one is meant
    invalid_token,  ///< empty, forged, of another kind, or not a token at all
    expired_token,
    operator_token,
    access_token,
    api_key,
};

/// What a session says about its user.
struct session_facts {
    std::int64_t owner = 0;  ///< 0: nobody has signed in yet
    /// When its user signed in, or a later time at which it was written; nullopt: it does not say.
    std::optional<larder::timestamp> signed_in{};
    bool proven = false;  ///< the request shows that a page of ours sent it (CSRF)
};

struct request_facts {
    // What the request says.
    auth::authorization authorization = auth::authorization::none;
    bool safe = true;              ///< GET, HEAD, OPTIONS
    bool ignores_cookies = false;  ///< see route::without_cookies()
    larder::timestamp now{};
    std::int64_t operator_id = 0;  ///< the account for which the operator's token acts
    std::int64_t token_owner = 0;  ///< of an access token
    bool token_can_end = false;    ///< the access token names its sign-in

    // What has to be looked up.
    fact<std::int64_t> sign_in_owner;            ///< of the access token's sign-in; 0: it has ended
    fact<std::optional<key_owner>> key;          ///< nullopt: there is no such key
    fact<bool> cookie;                           ///< whether there is one more cookie that we have signed
    fact<std::optional<session_facts>> session;  ///< of that cookie; nullopt: it has ended
    fact<account_status> account;                ///< of the user whom token, key or session name
};

enum class missing : std::uint8_t {
    nothing,  ///< there is a verdict
    sign_in,
    key,
    cookie,  ///< the next one; what is known about session and account belongs to the one before
    session,
    account,
};

enum class refusal : std::uint8_t {
    none,
    unsupported_scheme,
    several_credentials,
    invalid_token,
    expired_token,
    invalid_key,
    signed_out,
    csrf,  ///< the only one that is no 401
};

/// A verdict: a refusal, or for whom the request acts. Or else the missing fact.
struct decision {
    auth::missing missing = auth::missing::nothing;
    std::int64_t account_id = 0;  ///< of the missing account
    auth::refusal refusal = auth::refusal::none;
    http::principal who{};
    bool session_counts = false;  ///< the cookie's session goes on, whether or not the request is refused
};

decision decide(const request_facts& f);

/// The failure that a handler's caller sees. Requires: it is a refusal.
failure failure_of(refusal r);

}  // namespace agora::auth
