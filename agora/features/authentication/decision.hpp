// SPDX-License-Identifier: MIT
// Authentication as a pure function: from what is known about a request's credentials to who sent it.
//
// The caller starts with what the request itself says, and calls decide(). The result is either a verdict or the one
// fact that is missing; the caller looks that fact up, in memory if it can, and calls again. So nothing is looked up
// that the verdict does not depend on.
//
// Credentials that are no longer valid are treated by their kind. A browser sends cookies by itself, so a request with
// a cookie whose session has ended is a guest's. A program sends a token on purpose, so an invalid token is refused
// with 401, on every route, even if a valid cookie comes with it. If a fact cannot be looked up, the sender is unknown:
// an outage signs nobody out, and lets nobody in.
#pragma once

#include <agora/features/accounts/accounts.hpp>
#include <agora/features/api_keys/api_keys.hpp>
#include <agora/http/request.hpp>
#include <optional>

namespace agora::problems {

inline const problem_code several_credentials{"several_credentials", 401,
                                              "The request has more than one Authorization field.",
                                              "Send one, with one access token or API key."};
inline const problem_code csrf{"csrf", 403,
                               "The session cookie authenticates the request, but X-CSRF-Token is missing or wrong.",
                               "Send the csrf_token of the session as X-CSRF-Token."};

}  // namespace agora::problems

namespace agora::authentication {

namespace asio = boost::asio;

/// A fact that has to be looked up: not looked up yet, known, or unreachable at the moment.
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

/// The content of the Authorization field.
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
    /// When its user signed in, or a later time at which the session was written; nullopt if it does not say.
    std::optional<larder::timestamp> signed_in{};
    bool proven = false;  ///< the request proves that one of our pages sent it (CSRF)
};

struct request_facts {
    // What the request says.
    authentication::authorization authorization = authentication::authorization::none;
    bool safe = true;              ///< GET, HEAD, OPTIONS
    bool ignores_cookies = false;  ///< see route::without_cookies()
    larder::timestamp now{};
    std::int64_t operator_id = 0;  ///< the account for which the operator's token acts
    std::int64_t token_owner = 0;  ///< the user of the access token
    bool token_can_end = false;    ///< the access token names its sign-in

    // What has to be looked up.
    fact<std::int64_t> sign_in_owner;              ///< the user of the access token's sign-in; 0: it has ended
    fact<std::optional<api_keys::key_owner>> key;  ///< nullopt: there is no such key
    fact<bool> cookie;                             ///< whether there is another cookie with a valid signature
    fact<std::optional<session_facts>> session;    ///< the session of that cookie; nullopt: it has ended
    fact<accounts::account_status> account;        ///< the status of the token's, key's or session's user
};

enum class missing : std::uint8_t {
    nothing,  ///< there is a verdict
    sign_in,
    key,
    cookie,  ///< the next cookie; the known session and account belong to the one before
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
    csrf,  ///< answered with 403, all others with 401
};

/// Either a verdict (a refusal, or the user for whom the request acts) or the missing fact.
struct decision {
    authentication::missing missing = authentication::missing::nothing;
    std::int64_t account_id = 0;  ///< the user whose account is missing
    authentication::refusal refusal = authentication::refusal::none;
    http::principal caller{};
    bool session_counts = false;  ///< the cookie's session is valid, even if the request is refused
};

decision decide(const request_facts& f);

/// The failure that the client gets. Requires: `r` is not refusal::none.
failure failure_of(refusal r);

}  // namespace agora::authentication
