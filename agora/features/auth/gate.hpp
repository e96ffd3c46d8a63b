// SPDX-License-Identifier: MIT
// Who asks: by the operator's token, an access token, an API key, or the session cookie. What was found out once is
// kept in this process, so that most requests of signed-in users are admitted without asking anybody. Thread-safe.
//
// While Redis or the database cannot say who it is, the request is a guest's for what guests may read, and 503 for all
// else: nobody is signed out by an outage, and nobody let in.
#pragma once

#include <agora/features/auth/api_keys.hpp>
#include <agora/features/auth/auth.hpp>
#include <agora/features/auth/auth_cache.hpp>
#include <agora/http/admission.hpp>
#include <larder/local_cache.hpp>
#include <larder/session.hpp>

namespace agora::auth {

/// The value of a cookie; empty: it is not there.
std::string_view cookie_of(const http::request& r, std::string_view name) noexcept;

/// What a session says of whose it is.
inline constexpr std::string_view owner_field = "userId";
inline constexpr std::string_view csrf_field = "csrf";
inline constexpr std::string_view since_field = "signedInAt";

struct gate_options {
    std::function<bool(std::string_view)> is_service_token;  ///< empty: there is none
    std::int64_t service_user = 0;                           ///< as whom its holder acts
    std::string cookie = "jevah.sid";
};

class gate final : public http::authenticator {
 public:
    /// Requires: all references outlive this.
    gate(service& accounts, api_keys& programs, larder::cache& cache, larder::session_store& sessions, gate_options o)
        : store_{accounts.accounts()},
          keys_{accounts.keys()},
          programs_{programs},
          cache_{cache},
          sessions_{sessions},
          clock_{accounts.clock()},
          options_{std::move(o)}
    {}

    std::optional<outcome<http::principal>> now(const http::request& r) override;
    asio::awaitable<outcome<http::principal>> later(const http::request& r) override;

    /// The sign-in of the access token that the request carries; empty: it carries none.
    std::string sign_in_of(const http::request& r) const;
    /// The id of the session whose cookie the request carries, if we have signed it.
    std::optional<std::string> session_of(const http::request& r) const;
    const gate_options& options() const noexcept { return options_; }

 private:
    /// What an access token says, once it has been verified.
    struct known_token {
        std::int64_t user_id = 0;
        std::string family;
        std::int64_t expires_at = 0;
    };
    outcome<std::shared_ptr<const known_token>> verified(std::string_view token);
    std::optional<outcome<http::principal>> by_token_now(std::string_view token);
    asio::awaitable<outcome<http::principal>> by_token_later(std::string token);
    std::optional<outcome<http::principal>> by_key_now(std::string_view key);
    asio::awaitable<outcome<http::principal>> by_key_later(std::string key);
    outcome<http::principal> as_program(const key_owner& k, const standing& s) const;
    /// As whom it acts that a session is of this user.
    static http::principal as_owner(const larder::session& of, std::int64_t owner, const standing& s);
    std::optional<outcome<http::principal>> by_session_now(const http::request& r, const std::string& id);
    asio::awaitable<outcome<http::principal>> by_session_later(const http::request& r, std::string id);

    store& store_;
    const key_ring& keys_;
    api_keys& programs_;
    larder::cache& cache_;
    larder::session_store& sessions_;
    const larder::clock& clock_;
    const gate_options options_;
    larder::local_cache<known_token> tokens_{{.capacity = std::size_t{8} << 20}};
    larder::local_cache<std::string> cookies_{{.capacity = std::size_t{4} << 20}};  ///< ids of verified cookies
};

}  // namespace agora::auth
