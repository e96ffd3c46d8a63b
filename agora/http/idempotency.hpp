// SPDX-License-Identifier: MIT
// The port of the Idempotency-Key field (draft-ietf-httpapi-idempotency-key-header-07): a POST that is repeated with
// the same key is answered as the first one was, and done once.
#pragma once

#include <agora/http/request.hpp>
#include <agora/http/response.hpp>
#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>

namespace agora::http {

class invoker;

inline constexpr std::size_t longest_idempotency_key = 255;

/// The key, as a structured-field string ("abc", RFC 8941) or bare, as many clients send it. Empty: it cannot be read.
/// nullopt: there is none.
std::optional<std::string> idempotency_key(const request& r);

class idempotency {
 public:
    virtual ~idempotency() = default;
    /// The handler's answer, or the one that it gave before. Requires: somebody is signed in, and there is a key.
    virtual boost::asio::awaitable<response> answer(const request& r, invoker& handler) = 0;
};

}  // namespace agora::http
