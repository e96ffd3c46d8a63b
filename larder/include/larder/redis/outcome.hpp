// SPDX-License-Identifier: MIT
// What became of a command. The four outcomes are all that can be known over a network, and no more is claimed.
#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>
#include <cstdint>
#include <larder/result.hpp>
#include <string>
#include <string_view>

namespace larder::redis {

enum class outcome : std::uint8_t {
    ok,        ///< Redis did it, and this is its answer
    refused,   ///< Redis answered with an error: it was not done
    not_sent,  ///< no byte of it reached Redis: it was not done, and it is safe to try again
    unknown,   ///< it was sent and no answer came: it was done or not; only repeat what may be done twice
};

std::string_view to_string(outcome o) noexcept;

/// Why there is no value.
struct error {
    redis::outcome outcome = redis::outcome::unknown;  ///< never ok
    boost::system::error_code code{};                  ///< larder::errc or the system's; of a refusal: errc::refused
    std::string message{};  ///< of a refusal: Redis's own words, like "WRONGTYPE Operation against..."

    /// The first word of a refusal: "WRONGTYPE", "ERR", "NOSCRIPT"; empty for other outcomes.
    std::string_view prefix() const noexcept;
};

/// The value, or the error.
template <class T>
using reply = boost::system::result<T, error>;

/// What an exception says, without the source file that Boost adds.
std::string words_of(const boost::system::system_error& e);

/// For value(): throws boost::system::system_error with the code and, in its text, the message.
[[noreturn]] void throw_exception_from_error(const error& e, const boost::source_location& where);

}  // namespace larder::redis
