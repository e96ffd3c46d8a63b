// SPDX-License-Identifier: MIT
// Authenticates requests by the operator's token, an access token, an API key, or the session cookie. It gathers the
// facts for decide(), see decision.hpp: try_sync() from this process's memory, async() also from Redis and the
// database. Most requests of signed-in users are authenticated from memory, without suspending and without an
// allocation. Thread-safe.
#pragma once

#include <agora/features/authentication/session_cookie.hpp>
#include <agora/features/sign_ins/sign_ins.hpp>
#include <agora/http/admission.hpp>
#include <functional>
#include <larder/cache.hpp>
#include <larder/local_cache.hpp>

namespace agora::authentication {

/// The sign-in of the access token that authenticated the request; empty if it was authenticated in another way.
std::string sign_in_of(const http::request& r);
/// The id of the session that authenticated the request; nullopt if it was authenticated in another way.
std::optional<std::string> session_of(const http::request& r);

struct authenticator_options {
    std::function<bool(std::string_view)> is_service_token;  ///< recognises the operator's token; empty: none is set
    std::int64_t service_user = 0;                           ///< the account for which that token acts
    std::string cookie = "jevah.sid";
};

class request_authenticator final : public http::authenticator {
 public:
    /// Requires: all references outlive this.
    request_authenticator(services& s, accounts::slice& accounts, api_keys::slice& keys, sign_ins::slice& sign_ins,
                          authenticator_options o);

    std::optional<outcome<http::principal>> try_sync(http::request& r, const http::route& to) override;
    /// If reading the session has extended it, the response sets the cookie again.
    asio::awaitable<outcome<http::principal>> async(http::request& r, const http::route& to) override;

    /// The ids of all correctly signed session cookies of the request, whether or not their sessions still exist.
    std::vector<std::string> sessions_in(const http::request& r) const;
    /// Set-Cookie for a session that has just been created or extended.
    std::string cookie_for(const larder::session& s) const;
    /// Set-Cookie that removes the cookie of the session that authenticated the request; nullopt if it was
    /// authenticated in another way. Requires: that session has not been destroyed yet.
    asio::awaitable<std::optional<std::string>> removed_cookie(const http::request& r);

 private:
    /// The contents of an access token whose signature has been verified.
    struct known_token {
        std::int64_t user_id = 0;
        std::string family;
        std::int64_t expires_at = 0;
    };
    /// A cookie whose signature has been verified, and the facts of its session, so that the session is parsed once.
    struct known_cookie {
        std::string id;
        std::shared_ptr<const larder::session> session;  ///< the session that was parsed; null: none yet
        session_facts facts;
        std::string csrf;
    };
    class inquiry;

    authorization read_authorization(inquiry& q);
    authorization read_token_text(inquiry& q);
    void take_next_cookie(inquiry& q);
    void learn_session(inquiry& q, std::shared_ptr<const larder::session> found);
    bool gather_local(inquiry& q, const decision& d);
    asio::awaitable<void> gather(inquiry& q, missing what, std::int64_t account_id);
    void remember(std::string_view cookie, std::shared_ptr<const known_cookie> what);
    static void name_credential(const inquiry& q, const decision& d, http::request& r);

    accounts::store& accounts_;
    api_keys::store& api_keys_;
    sign_ins::slice& sign_ins_;
    larder::cache& cache_;
    larder::session_store& sessions_;
    const larder::clock& clock_;
    const authenticator_options options_;
    larder::local_cache<known_token> tokens_{{.capacity = std::size_t{8} << 20}};
    larder::local_cache<std::string> key_hashes_{{.capacity = std::size_t{1} << 20}};  ///< only of existing API keys
    larder::local_cache<known_cookie> cookies_{{.capacity = std::size_t{4} << 20}};
};

}  // namespace agora::authentication
