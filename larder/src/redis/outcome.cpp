// SPDX-License-Identifier: MIT
// Outcomes and errors as text and as exceptions.
#include <boost/system/system_error.hpp>
#include <larder/redis/outcome.hpp>

namespace larder::redis {

std::string_view to_string(outcome o) noexcept
{
    switch (o) {
        case outcome::ok:
            return "ok";
        case outcome::refused:
            return "refused";
        case outcome::not_sent:
            return "not sent";
        case outcome::unknown:
            break;
    }
    return "unknown";
}

std::string_view error::prefix() const noexcept
{
    return outcome == redis::outcome::refused ? std::string_view{message}.substr(0, message.find(' '))
                                              : std::string_view{};
}

std::string message_of(const boost::system::system_error& e)
{
    const std::string_view all{e.what()};
    return std::string{all.substr(0, all.find(std::string{" ["} + e.code().category().name()))};
}

void throw_exception_from_error(const error& e, const boost::source_location& where)
{
    throw boost::system::system_error{boost::system::error_code{e.code, &where},
                                      std::string{to_string(e.outcome)} + ": " + e.message};
}

}  // namespace larder::redis
