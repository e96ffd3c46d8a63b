// SPDX-License-Identifier: MIT
// The JSON answers of the slices. Public GETs look the same to every guest, so any cache may keep them as long as
// it asks before each use; whoever is signed in gets an answer for nobody else.
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

/// A GET that carries an ETag and may be answered 304.
template <class T>
http::response readable(const http::request& r, const T& value)
{
    http::response answer = json_answer(200, value);
    answer.cacheable = true;
    answer.cache_control = http::public_cache_control(r);
    return answer;
}

/// The same for an object whose ETag starts with its row's version.
template <class T>
http::response readable_version(const http::request& r, const T& value)
{
    http::response answer = readable(r, value);
    answer.version = value.version;
    return answer;
}

template <class T>
http::response created(std::string location, const T& value)
{
    http::response answer = json_answer(201, value);
    answer.headers.emplace_back("Location", std::move(location));
    return answer;
}

}  // namespace agora::api
