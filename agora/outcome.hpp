// SPDX-License-Identifier: MIT
// outcome<T>: the result of a function of a slice. It is either the value, or a failure that the caller is expected to
// handle (not found, outdated edit, invalid field). http/problem.cpp is the only place that turns a failure into an RFC
// 9457 response. Broken infrastructure is not a failure: it throws boost::system::system_error.
#pragma once

#include <boost/system/result.hpp>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace agora {

enum class failure_kind {
    malformed,              ///< 400: the request cannot be parsed
    unauthenticated,        ///< 401
    forbidden,              ///< 403
    not_found,              ///< 404
    conflict,               ///< 409
    stale,                  ///< 412: If-Match names an older version
    too_large,              ///< 413
    unsupported_type,       ///< 415
    invalid,                ///< 422: `fields` lists the invalid fields and the reasons
    precondition_required,  ///< 428: If-Match is missing
    too_many,               ///< 429 with Retry-After
    unavailable,            ///< 503 with Retry-After
};

/// One rejected field. `code` is a stable snake_case identifier, `message` is text for people.
class field_error {
 public:
    field_error(std::string field_name, std::string error_code, std::string text)
        : field{std::move(field_name)}, code{std::move(error_code)}, message{std::move(text)}
    {}
    std::string field;
    std::string code;
    std::string message;
};

class failure {
 public:
    failure() = default;  // boost::system::result requires it; never used as a result
    failure(failure_kind k, std::string error_code, std::string text)
        : kind{k}, code{std::move(error_code)}, detail{std::move(text)}
    {}

    static failure not_found(std::string_view what)
    {
        return {failure_kind::not_found, "not_found", std::string{what} + " does not exist"};
    }
    static failure invalid(std::vector<field_error> errors)
    {
        failure f{failure_kind::invalid, "invalid_fields", "some fields are not valid"};
        f.fields = std::move(errors);
        return f;
    }

    failure_kind kind = failure_kind::unavailable;
    std::string code;    ///< stable snake_case identifier of the problem response
    std::string detail;  ///< one sentence for people, with the next step if there is one
    std::vector<field_error> fields;
    std::chrono::seconds retry_after{1};  ///< for too_many and unavailable
    std::string_view challenge;           ///< static text for WWW-Authenticate (RFC 6750 section 3); empty: the default
};

[[noreturn]] inline void throw_exception_from_error(failure const& f, boost::source_location const& loc)
{
    boost::throw_exception(std::logic_error("outcome without a value: " + f.detail), loc);
}

template <class T>
using outcome = boost::system::result<T, failure>;

}  // namespace agora
