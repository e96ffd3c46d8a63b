// SPDX-License-Identifier: MIT
// The OpenAPI 3.1 document of a route table. It is generated from the table that dispatches requests, so the two cannot
// differ.
#pragma once

#include <agora/http/router.hpp>
#include <string>
#include <string_view>

namespace agora::http {

struct openapi_options {
    std::string_view title;
    std::string_view version;
    std::string_view session_cookie;  ///< the name of the cookie that authenticates browsers
};

/// The complete document as JSON. Operations appear in the order in which the routes were added.
std::string make_openapi(const router& routes, const openapi_options& o);

}  // namespace agora::http
