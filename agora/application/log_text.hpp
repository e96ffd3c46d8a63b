// SPDX-License-Identifier: MIT
// Log lines as text for people: time, level, message, fields. Pure functions. Control characters, which may come from a
// request, are escaped, so that reading a log on a terminal cannot move its cursor.
#pragma once

#include <agora/http/access_log.hpp>
#include <larder/clock.hpp>
#include <string>
#include <string_view>

namespace agora::application {

struct text_line {
    larder::timestamp at;
    std::string_view level;  ///< spdlog's name of the level
    std::string_view message;
};

/// Appends the message without a line end.
void append_text_line(std::string& to, const text_line& l, bool color);
/// Appends an access log line without a line end. Responses with status 500 and above have the level error, all others
/// info.
void append_text_line(std::string& to, const http::access_record& r, bool color);

}  // namespace agora::application
