// SPDX-License-Identifier: MIT
// Problem responses (RFC 9457), made in one place from failures, exceptions and protocol errors.
#pragma once

#include <agora/http/request.hpp>
#include <agora/http/response.hpp>
#include <agora/outcome.hpp>
#include <exception>
#include <string>
#include <string_view>

namespace agora::http {

/// `code` is a stable snake_case word for programs, `detail` one sentence for people. The members `instance` and
/// `request_id` come from `r`.
response problem(const request& r, unsigned status, std::string_view code, std::string_view detail);

/// The response to a failure that a handler or a check returned.
response problem(const request& r, const failure& f);

/// 429 with the problem type of draft-ietf-httpapi-ratelimit-headers-10; the caller adds Retry-After.
response quota_exceeded(const request& r, std::string_view policy);

/// The response to an exception. 503 with Retry-After when a dependency is unreachable, busy, full or read-only; 400 or
/// 413 when a value cannot be stored; otherwise 500. `code` says which. The text of the exception goes to the log,
/// never to the client.
response problem(const request& r, std::exception_ptr e);

/// The reason phrase of a status, such as "Not Found" for 404.
std::string_view reason_phrase(unsigned status) noexcept;

}  // namespace agora::http
