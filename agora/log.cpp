// SPDX-License-Identifier: MIT
// Passes log lines to spdlog's default logger.
#include <spdlog/spdlog.h>

#include <agora/log.hpp>
#include <exception>

namespace agora::log {
namespace {

spdlog::level::level_enum to_spdlog(level l) noexcept
{
    switch (l) {
        case level::debug:
            return spdlog::level::debug;
        case level::info:
            return spdlog::level::info;
        case level::warn:
            return spdlog::level::warn;
        case level::error:
            break;
    }
    return spdlog::level::err;
}

}  // namespace

bool enabled(level l) noexcept { return spdlog::should_log(to_spdlog(l)); }

void write(level l, fmt::string_view text, fmt::format_args args) noexcept
{
    if (!enabled(l)) return;
    try {
        spdlog::log(to_spdlog(l), fmt::vformat(text, args));
    } catch (const std::exception&) {  // the line is dropped: logging must not end the caller's work
    }
}

}  // namespace agora::log
