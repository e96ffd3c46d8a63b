// SPDX-License-Identifier: MIT
// JSON responses of the features. A public GET is the same for every guest, so any cache may store it if it revalidates
// before each use; a response to a signed-in member may be stored only by that member's own client.
#pragma once

#include <agora/http/encoder.hpp>
#include <agora/http/request.hpp>
#include <agora/http/response.hpp>
#include <larder/json.hpp>
#include <string>
#include <utility>

namespace agora::api {

template <class T>
http::response json_answer(unsigned status, const T& value)
{
    return {status, http::json_type, larder::json::to_string(value)};
}

/// The response to a GET, with an ETag; it may become a 304.
template <class T>
http::response readable(const http::request& r, const T& value)
{
    http::response answer = json_answer(200, value);
    answer.cacheable = true;
    answer.cache_control = http::public_cache_control(r);
    return answer;
}

/// Like readable(), for an object with a row version, which its ETag then starts with.
template <class T>
http::response readable_version(const http::request& r, const T& value)
{
    http::response answer = readable(r, value);
    answer.version = value.version;
    return answer;
}

/// 201 with Location.
template <class T>
http::response created(std::string location, const T& value)
{
    http::response answer = json_answer(201, value);
    answer.headers.emplace_back("Location", std::move(location));
    return answer;
}

}  // namespace agora::api
