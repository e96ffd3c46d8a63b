// SPDX-License-Identifier: MIT
// What the documentation of the API says besides what the route table knows: the introduction, the meaning of the
// sections, and the examples, which tests/e2e/examples_test.py has recorded from the demo community.
#pragma once

#include <agora/http/api_description.hpp>
#include <string_view>

namespace agora::docs {

/// Describes the API. `session_cookie` and what `problems` refers to must outlive the description.
http::api_description describe(const http::router& routes, std::string_view session_cookie,
                               const http::shared_problems& problems);

}  // namespace agora::docs
