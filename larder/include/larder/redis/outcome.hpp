// SPDX-License-Identifier: MIT
// The outcome of a command. A client can distinguish only these four cases over a network.
#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>
#include <cstdint>
#include <larder/result.hpp>
#include <string>
#include <string_view>

namespace larder::redis {

enum class outcome : std::uint8_t {
    ok,        ///< Redis executed the command and replied
    refused,   ///< Redis replied with an error; the command was not executed
    not_sent,  ///< no byte reached Redis, so the command was not executed; it is safe to retry
    unknown,   ///< sent, but no reply arrived: it may have been executed; retry only idempotent commands
};

std::string_view to_string(outcome o) noexcept;

/// Why a command has no value.
struct error {
    redis::outcome outcome = redis::outcome::unknown;  ///< never ok
    boost::system::error_code code{};                  ///< larder::errc or a system error; errc::refused if refused
    std::string message{};  ///< if refused: the text from Redis, such as "WRONGTYPE Operation against..."

    /// If refused: the first word of the message, such as "WRONGTYPE", "ERR" or "NOSCRIPT". Otherwise empty.
    std::string_view prefix() const noexcept;
};

/// The value, or the error.
template <class T>
using reply = boost::system::result<T, error>;

/// Returns the text of an exception without the source location that Boost adds.
std::string message_of(const boost::system::system_error& e);

/// Called by reply::value(): throws boost::system::system_error with the code; its text includes the message.
[[noreturn]] void throw_exception_from_error(const error& e, const boost::source_location& where);

}  // namespace larder::redis
