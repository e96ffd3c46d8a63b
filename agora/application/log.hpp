// SPDX-License-Identifier: MIT
// The process's log: text for people on a terminal, JSON lines elsewhere, or as LOG_FORMAT says. Access lines go to the
// same place. Nothing here waits for the file or the pipe that the log goes to (log_output.hpp). Thread-safe.
#pragma once

#include <agora/application/config.hpp>
#include <agora/http/access_log.hpp>
#include <chrono>
#include <cstdint>
#include <string_view>

namespace agora::application {

/// Makes spdlog's default logger. Throws config_error when LOG_FILE cannot be opened. Call once.
void start_log(const config& c);

/// Opens LOG_FILE again, after logrotate has moved it. A failure is logged, and the old file is kept.
void reopen_log();

/// Waits until what was logged is written, but no longer than `limit`. Without a log it does nothing.
void flush_log(std::chrono::milliseconds limit = std::chrono::seconds{1}) noexcept;

/// Lines that were dropped because they could not be written.
std::uint64_t dropped_log_lines();

/// Where and how the server writes its access lines. Requires: start_log() was called.
http::access_sink access_lines();

}  // namespace agora::application
