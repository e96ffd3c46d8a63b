// SPDX-License-Identifier: MIT
// JSON responses of handlers that build a response themselves, because it has fields of its own such as Set-Cookie. All
// others return an outcome, which agora/http/answers.hpp turns into a response.
#pragma once

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

/// 201 with Location.
template <class T>
http::response created(std::string location, const T& value)
{
    http::response answer = json_answer(201, value);
    answer.headers.emplace_back("Location", std::move(location));
    return answer;
}

}  // namespace agora::api
