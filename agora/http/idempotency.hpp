// SPDX-License-Identifier: MIT
// The port of the Idempotency-Key field (draft-ietf-httpapi-idempotency-key-header-07). A POST is carried out once; a
// repeat with the same key gets the response of the first one. A response that contains a secret is not stored; a
// repeat then gets a response that says that the request has already been carried out.
#pragma once

#include <agora/http/request.hpp>
#include <agora/http/response.hpp>
#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>

namespace agora::http {

class route;

inline constexpr std::size_t max_idempotency_key = 255;

/// The key of the request, sent as a structured-field string ("abc", RFC 8941) or bare, as many clients do. Empty: the
/// field is malformed. nullopt: the request has no such field.
std::optional<std::string> idempotency_key(const request& r);

class idempotency {
 public:
    virtual ~idempotency() = default;
    /// Returns the response of the route's handler, or the stored response of an earlier request with the same key.
    /// Requires: the request has a key.
    virtual boost::asio::awaitable<response> answer(const request& r, const route& to) = 0;
};

}  // namespace agora::http
