// SPDX-License-Identifier: MIT
// What is decided before a handler runs: who asks, whether he may, and whether not too often.
//
//     api.post("/api/posts", &posts_api::create, posts).needs(role::user).limit(posting, limited_by::user);
//
// Most requests are decided at once, on the loop; admit_now() says when Redis or the database has to be asked.
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

/// Finds out who asks.
class authenticator {
 public:
    virtual ~authenticator() = default;
    /// Without suspending. nullopt: later() has to be asked.
    virtual std::optional<outcome<principal>> now(const request& r) = 0;
    virtual boost::asio::awaitable<outcome<principal>> later(const request& r) = 0;
};

/// The token of `Authorization: Bearer`; nullopt: there is none, or another scheme.
std::optional<std::string_view> bearer_token(const request& r) noexcept;

/// What an admission needs to know.
struct admission_rules {
    authenticator* authenticate = nullptr;  ///< null: everybody is a guest
    trusted_proxies proxies;                ///< who may say where a request comes from
};

/// nullopt: admit_later() has to be asked. An empty optional inside: it may pass; else the answer that refuses it.
std::optional<std::optional<response>> admit_now(const admission_rules& rules, const route& to, request& r);
boost::asio::awaitable<std::optional<response>> admit_later(const admission_rules& rules, const route& to, request& r);

}  // namespace agora::http
