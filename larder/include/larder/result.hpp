// SPDX-License-Identifier: MIT
// result<T>: a value, or the reason why there is none when that is an expected outcome. Infrastructure failures (a lost
// connection, a full disk) are thrown as boost::system::system_error; programming errors are asserted.
#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>
#include <boost/system/system_error.hpp>

namespace larder {

/// Errors that larder's own operations report. Compare with `==`; message() returns the text.
enum class errc {
    timed_out = 1,  ///< the deadline passed before the operation ended
    closed,         ///< the object is shutting down and accepts no new work
    overloaded,     ///< a limit (queue, pool, connections) is reached; try again later
    malformed,      ///< the bytes do not follow their format
    unavailable,    ///< a dependency cannot be reached at the moment
    refused,        ///< a dependency replied with an error
};

const boost::system::error_category& larder_category() noexcept;

inline boost::system::error_code make_error_code(errc e) noexcept { return {static_cast<int>(e), larder_category()}; }

template <class T>
using result = boost::system::result<T>;

}  // namespace larder

template <>
struct boost::system::is_error_code_enum<larder::errc> : std::true_type {};
