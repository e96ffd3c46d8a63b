// SPDX-License-Identifier: MIT
// Log lines for people: time, level, message, fields. Pure functions. Control characters, which may come from a
// request, are shown as escapes: a log that is read on a terminal never moves its cursor.
#pragma once

#include <agora/http/access_log.hpp>
#include <larder/clock.hpp>
#include <string>
#include <string_view>

namespace agora::application {

struct text_line {
    larder::timestamp at;
    std::string_view level;  ///< as spdlog calls it
    std::string_view message;
};

/// Without a line end.
void append_text_line(std::string& to, const text_line& l, bool color);
/// Without a line end. An answer of 500 and above is an error, everything else information.
void append_text_line(std::string& to, const http::access_record& r, bool color);

}  // namespace agora::application
