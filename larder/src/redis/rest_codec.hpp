// SPDX-License-Identifier: MIT
// Encodes requests for Upstash's REST interface and decodes its replies. Pure functions.
// Source: upstash.com/docs/redis/features/restapi
#pragma once

#include <larder/redis/receiver.hpp>
#include <larder/redis/request.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace larder::redis {

/// The HTTP request to send.
struct rest_call {
    std::string path;  ///< "/", "/pipeline", "/multi-exec", or "/set/key" with the last argument as the body
    std::string body;
};
/// nullopt: the request has bytes that are not UTF-8 where the interface cannot carry them.
std::optional<rest_call> make_rest_call(const request& r);

/// Passes the replies in a response body to `to`, as if a Redis server had sent them. False: the body is malformed, and
/// some replies may have been passed on.
bool deliver_rest_replies(const request& r, std::string_view body, receiver& to);

/// The text of {"error": "..."}; empty when there is none.
std::string rest_error(std::string_view body);

}  // namespace larder::redis
