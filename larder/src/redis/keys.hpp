// SPDX-License-Identifier: MIT
// What a request is about: for routing and for logs, which may show keys but never values.
#pragma once

#include <cstdint>
#include <larder/redis/request.hpp>
#include <string_view>

namespace larder::redis {

/// Of the first command that is no MULTI.
std::string_view command_name(const request& r) noexcept;
/// Empty when there is none.
std::string_view first_key(const request& r) noexcept;
/// Of one encoded command.
std::string_view key_of(std::string_view command) noexcept;

/// CRC16-XMODEM of the key, or of what stands between its first { and the next }, modulo 16384.
/// Source: Redis cluster specification, "Key distribution model".
std::uint16_t key_slot(std::string_view key) noexcept;

}  // namespace larder::redis
