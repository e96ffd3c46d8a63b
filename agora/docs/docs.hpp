// SPDX-License-Identifier: MIT
// The documentation of the API, made from the route table: /api/openapi.json for programs and /docs for people. Both
// are made for the first request, because only then is the table complete, and then kept. The page needs no script to
// be read; with it, one can search, copy and try every operation with the own session. Thread-safe.
#pragma once

#include <agora/docs/documentation.hpp>
#include <mutex>
#include <optional>
#include <string>

namespace agora::docs {

class slice {
 public:
    /// Requires: `routes`, and what `problems` refers to, outlive this.
    slice(http::router& routes, std::string session_cookie, const http::shared_problems& problems);

    /// The OpenAPI document.
    const std::string& openapi();

 private:
    struct made_documents;
    const made_documents& documents();
    http::response document(http::anyone);
    http::response page(http::anyone);
    http::response asset(http::anyone, const http::path<std::string>& name);

    const http::router& routes_;
    const std::string session_cookie_;
    const http::shared_problems problems_;
    std::unique_ptr<const made_documents> documents_;
    std::once_flag made_;
};

}  // namespace agora::docs
