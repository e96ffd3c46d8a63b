// SPDX-License-Identifier: MIT
// result<T>: the value, or the reason why an expected outcome has none. Broken infrastructure (a lost
// connection, a full disk) is thrown as boost::system::system_error; a programming error asserts.
#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>
#include <boost/system/system_error.hpp>

namespace larder {

/// What larder's own operations can report. Compare with `==`; text by `message()`.
enum class errc {
    timed_out = 1,  ///< the deadline passed before the operation ended
    closed,         ///< the object is shutting down and takes no new work
    overloaded,     ///< a bound (queue, pool, connections) is reached; try again later
    malformed,      ///< bytes that do not follow their format
    unavailable,    ///< a dependency cannot be reached at the moment
    refused,        ///< a dependency answered with an error
};

const boost::system::error_category& larder_category() noexcept;

inline boost::system::error_code make_error_code(errc e) noexcept { return {static_cast<int>(e), larder_category()}; }

template <class T>
using result = boost::system::result<T>;

}  // namespace larder

template <>
struct boost::system::is_error_code_enum<larder::errc> : std::true_type {};
