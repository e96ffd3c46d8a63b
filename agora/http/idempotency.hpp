// SPDX-License-Identifier: MIT
// The port of the Idempotency-Key field (draft-ietf-httpapi-idempotency-key-header-07): a POST that is repeated with
// the same key is answered as the first one was, and done once. An answer that hands out a secret is not kept: its
// repeat is told that the request is done.
#pragma once

#include <agora/http/request.hpp>
#include <agora/http/response.hpp>
#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>

namespace agora::http {

class route;

inline constexpr std::size_t longest_idempotency_key = 255;

/// The key, as a structured-field string ("abc", RFC 8941) or bare, as many clients send it. Empty: it cannot be read.
/// nullopt: there is none.
std::optional<std::string> idempotency_key(const request& r);

class idempotency {
 public:
    virtual ~idempotency() = default;
    /// The answer of the route's handler, or the one that it gave before. Requires: there is a key.
    virtual boost::asio::awaitable<response> answer(const request& r, const route& to) = 0;
};

}  // namespace agora::http
