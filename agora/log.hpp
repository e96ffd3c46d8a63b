// SPDX-License-Identifier: MIT
// Writes lines to the process's log, which agora/application/log.hpp starts. The text is a format string of fmt and is
// checked at compile time. Files include this header instead of spdlog's, because spdlog's compiles all of fmt's
// formatting again in every file that logs a line. Thread-safe; never throws.
#pragma once

#include <fmt/core.h>

#include <cstdint>

namespace agora::log {

enum class level : std::uint8_t { debug, info, warn, error };

/// Whether lines of this level are written. Ask before work that only a log line needs.
bool enabled(level l) noexcept;

/// What the functions below call. Lines that cannot be formatted are dropped.
void write(level l, fmt::string_view text, fmt::format_args args) noexcept;

template <class... Args>
void debug(fmt::format_string<Args...> text, Args&&... args) noexcept
{
    write(level::debug, text, fmt::make_format_args(args...));
}
template <class... Args>
void info(fmt::format_string<Args...> text, Args&&... args) noexcept
{
    write(level::info, text, fmt::make_format_args(args...));
}
template <class... Args>
void warn(fmt::format_string<Args...> text, Args&&... args) noexcept
{
    write(level::warn, text, fmt::make_format_args(args...));
}
template <class... Args>
void error(fmt::format_string<Args...> text, Args&&... args) noexcept
{
    write(level::error, text, fmt::make_format_args(args...));
}

}  // namespace agora::log
