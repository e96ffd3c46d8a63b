// SPDX-License-Identifier: MIT
// The documentation of the API, made from the route table: /api/openapi.json for programs and /docs for people. Both
// are made for the first request, because only then is the table complete, and then kept. The page needs no script to
// be read; with it, one can search, copy and try every operation with the own session. Thread-safe.
#pragma once

#include <agora/docs/documentation.hpp>
#include <agora/outcome.hpp>
#include <agora/site/site.hpp>
#include <larder/cache.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace agora::docs {

class slice {
 public:
    /// Requires: the references, and what `problems` refers to, outlive this.
    slice(http::router& routes, larder::cache& cache, const site::site& in, std::string session_cookie,
          const http::shared_problems& problems);
    ~slice();

    /// The OpenAPI document.
    const std::string& openapi();

 private:
    class made_documents;
    const made_documents& documents();
    http::response document(http::anyone);
    outcome<site::page> page(http::anyone);
    std::optional<http::page_key> key_of_page();

    const http::router& routes_;
    const std::string session_cookie_;
    const http::shared_problems problems_;
    std::unique_ptr<const made_documents> documents_;
    std::once_flag made_;
};

}  // namespace agora::docs
