// SPDX-License-Identifier: MIT
// Where time comes from. Deadlines and ages use the steady clock; the wall clock only stamps rows and
// answers. Code that decides by time takes a `clock&`, so that tests turn the hands (larder/testing).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace larder {

using steady_time = std::chrono::steady_clock::time_point;

/// Milliseconds since 1970 UTC; what rows store and answers show.
using timestamp = std::chrono::sys_time<std::chrono::milliseconds>;

/// Thread-safe.
class clock {
 public:
    virtual ~clock() = default;
    virtual steady_time steady() const noexcept = 0;
    virtual timestamp wall() const noexcept = 0;
};

/// The process's real clock.
const clock& system_clock() noexcept;

/// RFC 3339 UTC with milliseconds: `2026-11-20T08:30:00.000Z`. Years 0 to 9999.
std::string to_rfc3339(timestamp t);

/// Appends what to_rfc3339 returns, without allocating when `out` has room.
void append_rfc3339(std::string& out, timestamp t);

/// Reads `2010-08-25T19:50:51.187`, with an optional fraction and an optional `Z` (absent means UTC).
/// Returns false and leaves `out` alone when the text is anything else.
bool parse_rfc3339(std::string_view text, timestamp& out) noexcept;

}  // namespace larder
