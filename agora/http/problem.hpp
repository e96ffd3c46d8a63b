// SPDX-License-Identifier: MIT
// Problem responses (RFC 9457), made in one place from failures, exceptions and protocol errors. The view of the route
// that the request has matched shows them; see view.hpp.
#pragma once

#include <agora/http/request.hpp>
#include <agora/http/response.hpp>
#include <agora/outcome.hpp>
#include <exception>
#include <optional>
#include <string_view>

namespace agora::http {

/// `detail` is one sentence for people. The members `instance` and `request_id` come from `r`.
response problem(const request& r, const problem_code& code, std::string_view detail);

/// The response to a failure that a handler or a check returned.
response problem(const request& r, const failure& f);

/// 429 with the problem type of draft-ietf-httpapi-ratelimit-headers-10; the caller adds Retry-After.
response quota_exceeded(const request& r, std::string_view policy);

/// The failure of a request that the server itself could not handle: 500. Its cause belongs in the log.
failure internal_failure();

/// Returns what a client may learn about an exception; nullopt: the mapper does not know exceptions of this kind.
using exception_mapper = std::optional<failure> (*)(const std::exception& e);

/// The response to an exception: the failure that `known` maps it to; otherwise 503 for a system_error, which a
/// dependency has caused, and 500 for any other. The text of the exception goes to the log, never to the client.
/// `known` may be null.
response problem(const request& r, std::exception_ptr e, exception_mapper known);

/// The reason phrase of a status, such as "Not Found" for 404.
std::string_view reason_phrase(unsigned status) noexcept;

}  // namespace agora::http
