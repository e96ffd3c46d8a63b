// SPDX-License-Identifier: MIT
// What is decided before a handler runs: for whom the request acts, whether that is permitted, and whether the limits
// allow it.
//
//     api.post("/api/posts", &posts_api::create, posts).needs(role::user).limit(posting, limited_by::user);
//
// Most requests are decided at once, on the loop; admit_now() says when Redis or the database has to be asked.
// Credentials that were sent on purpose and do not count are refused before anything else, on every route.
#pragma once

#include <agora/http/client_address.hpp>
#include <agora/http/request.hpp>
#include <agora/http/response.hpp>
#include <agora/outcome.hpp>
#include <array>
#include <boost/asio/awaitable.hpp>
#include <larder/limit.hpp>
#include <optional>

namespace agora::http {

class route;

/// Authenticates requests. A failure refuses the request.
class authenticator {
 public:
    virtual ~authenticator() = default;
    /// Without suspending; sets r.admitted.credential_id. nullopt: it takes async().
    virtual std::optional<outcome<principal>> try_sync(request& r, const route& to) = 0;
    /// May also add fields for the answer to r.admitted.
    virtual boost::asio::awaitable<outcome<principal>> async(request& r, const route& to) = 0;
};

/// The token of `Authorization: Bearer`, which may be empty; nullopt: there is no such field, or another scheme.
std::optional<std::string_view> bearer_token(const request& r) noexcept;

/// What an admission needs to know.
struct admission_rules {
    authenticator* authenticate = nullptr;  ///< null: everybody is a guest
    trusted_proxies proxies;                ///< who may say where a request comes from
};

/// nullopt: admit_later() has to be asked. An empty optional inside: it may pass; else the answer that refuses it.
std::optional<std::optional<response>> admit_now(const admission_rules& rules, const route& to, request& r);
boost::asio::awaitable<std::optional<response>> admit_later(const admission_rules& rules, const route& to, request& r);
/// Moves the fields that admission has made into the answer. A cookie that the handler sets or removes itself wins.
void add_admission_fields(request& r, response& answer);

}  // namespace agora::http
