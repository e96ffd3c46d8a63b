// SPDX-License-Identifier: MIT
// Requests and replies of Upstash's REST interface, as pure functions.
// Source: upstash.com/docs/redis/features/restapi
#pragma once

#include <larder/redis/receiver.hpp>
#include <larder/redis/request.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace larder::redis {

/// What is to be posted. nullopt: it holds bytes that are no UTF-8 where the interface cannot carry them.
struct rest_call {
    std::string path;  ///< "/", "/pipeline", "/multi-exec", or "/set/key" with the last argument as the body
    std::string body;
};
std::optional<rest_call> make_rest_call(const request& r);

/// Gives the replies in an answer to `to`, as a Redis server would have sent them. False: the body makes no sense; then
/// perhaps some replies were given.
bool give_rest_replies(const request& r, std::string_view body, receiver& to);

/// The text of {"error": "..."}; empty when there is none.
std::string rest_error(std::string_view body);

}  // namespace larder::redis
