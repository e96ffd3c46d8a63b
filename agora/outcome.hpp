// SPDX-License-Identifier: MIT
// outcome<T>: the result of a function of a slice. It is either the value, or a failure that the caller is expected to
// handle (not found, outdated edit, invalid field). http/problem.cpp is the only place that turns a failure into an RFC
// 9457 response. Broken infrastructure is not a failure: it throws boost::system::system_error.
#pragma once

#include <agora/field_code.hpp>
#include <agora/problem_code.hpp>
#include <boost/system/result.hpp>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace agora {

namespace problems {

inline const problem_code not_found{"not_found", 404,
                                    "Nothing exists at this path, or the object does not exist or has been deleted.",
                                    "Check the path and the ids in it. Do not repeat the request unchanged."};
inline const problem_code invalid_fields{
    "invalid_fields", 422,
    "Some fields or parameters are not valid. The member errors lists each with a code and a message.",
    "Correct the listed fields and send the request again."};

}  // namespace problems

/// One rejected field. `code` is the name of the field_code, `message` is text for people.
class field_error {
 public:
    field_error(std::string field_name, const field_code& c, std::string text)
        : field{std::move(field_name)}, code{c.name}, message{std::move(text)}
    {}
    std::string field;
    std::string code;
    std::string message;
};

class failure {
 public:
    failure() = default;  // boost::system::result requires it; never used as a result
    failure(const problem_code& c, std::string text) : status{c.status}, code{c.name}, detail{std::move(text)} {}

    static failure not_found(std::string_view what)
    {
        return {problems::not_found, std::string{what} + " does not exist"};
    }
    static failure invalid(std::vector<field_error> errors)
    {
        failure f{problems::invalid_fields, "some fields are not valid"};
        f.fields = std::move(errors);
        return f;
    }

    unsigned status = 0;
    std::string code;    ///< the name of the problem_code
    std::string detail;  ///< one sentence for people, with the next step if there is one
    std::vector<field_error> fields;
    std::chrono::seconds retry_after{1};  ///< for 429 and 503
    std::string_view challenge;           ///< static text for WWW-Authenticate (RFC 6750 section 3); empty: the default
};

[[noreturn]] inline void throw_exception_from_error(failure const& f, boost::source_location const& loc)
{
    boost::throw_exception(std::logic_error("outcome without a value: " + f.detail), loc);
}

template <class T>
using outcome = boost::system::result<T, failure>;

}  // namespace agora
