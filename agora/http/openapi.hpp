// SPDX-License-Identifier: MIT
// The OpenAPI 3.1 document of an API, from which clients can be generated.
#pragma once

#include <agora/http/api_description.hpp>
#include <string>

namespace agora::http {

/// The complete document as JSON. Operations appear in the order in which the routes were added.
std::string make_openapi(const api_description& api);

}  // namespace agora::http
