// SPDX-License-Identifier: MIT
// The process's log: text on a terminal, JSON lines elsewhere, or as LOG_FORMAT says. Access log lines go to the same
// destination. No call waits for the file or pipe that is written to (log_output.hpp). Thread-safe.
#pragma once

#include <agora/application/config.hpp>
#include <agora/http/access_log.hpp>
#include <chrono>
#include <cstdint>
#include <string_view>

namespace agora::application {

/// Installs spdlog's default logger. Throws config_error when LOG_FILE cannot be opened. Call once.
void start_log(const config& c);

/// Reopens LOG_FILE, after logrotate has moved it. A failure is logged, and the old file stays in use.
void reopen_log();

/// Waits at most `limit` until everything that was logged is written. Does nothing when the log was not started.
void flush_log(std::chrono::milliseconds limit = std::chrono::seconds{1}) noexcept;

/// Number of lines that were dropped because they could not be written.
std::uint64_t dropped_log_lines();

/// The destination and format of the server's access log. Requires: start_log() was called.
http::access_sink access_lines();

}  // namespace agora::application
