// SPDX-License-Identifier: MIT
// Times as text in the form of RFC 3339, UTC with milliseconds: `2026-11-20T08:30:00.000Z`. Pure functions,
// thread-safe.
#pragma once

#include <larder/clock.hpp>
#include <larder/result.hpp>
#include <string>
#include <string_view>

namespace larder {

/// Returns the text of a time in the years 0 to 9999.
std::string to_rfc3339(timestamp t);

/// Appends the text of to_rfc3339(t); does not allocate if `out` has enough capacity.
void append_rfc3339(std::string& out, timestamp t);

/// Reads `2010-08-25T19:50:51.187`, with an optional fraction and an optional `Z` (absent means UTC). Any other text is
/// errc::malformed.
result<timestamp> parse_rfc3339(std::string_view text) noexcept;

}  // namespace larder
