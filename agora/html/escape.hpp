// SPDX-License-Identifier: MIT
// How the holes of a literal are escaped. The text is assumed to be valid UTF-8. Pure, thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace agora::html {

/// Appends text for an element or for a quoted attribute value: `& < > " '` and the carriage return become character
/// references. Left out are the other control characters of ASCII, except tab and newline, because HTML forbids them.
void append_escaped(std::string& out, std::string_view text);

/// Appends text as a name or value of a query, or as a fragment: all bytes are percent-encoded, except letters, digits
/// and `-._~`.
void append_query_part(std::string& out, std::string_view text);

/// Appends text as a segment of a path, encoded in the same way. A browser resolves the segments `.` and `..` even when
/// they are encoded once, so these two texts are encoded twice, and the URL leads nowhere.
void append_segment(std::string& out, std::string_view text);

}  // namespace agora::html
