// SPDX-License-Identifier: MIT
// The process's log: coloured text on a terminal, JSON lines otherwise. Access lines go to the same place.
#pragma once

#include <agora/app/config.hpp>
#include <string_view>

namespace agora::app {

/// Makes spdlog's default logger. Throws config_error when LOG_FILE cannot be opened. Call once.
void start_log(const config& c);

/// Opens LOG_FILE anew, after logrotate has moved it. Thread-safe.
void reopen_log();

/// Writes whole lines to where the log goes. Thread-safe.
void write_access_lines(std::string_view lines);

}  // namespace agora::app
