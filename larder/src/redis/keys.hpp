// SPDX-License-Identifier: MIT
// The command name, the first key and the slot of a request, for routing and for logs. Logs may show keys but never
// values.
#pragma once

#include <cstdint>
#include <larder/redis/request.hpp>
#include <string_view>

namespace larder::redis {

/// The name of the first command other than MULTI.
std::string_view command_name(const request& r) noexcept;
/// The first key of that command; empty if it has none.
std::string_view first_key(const request& r) noexcept;
/// The first key of one encoded command; empty if it has none.
std::string_view key_of(std::string_view command) noexcept;

/// CRC16-XMODEM, modulo 16384, of the key, or of the part between its first { and the next } unless that part is empty.
/// Source: Redis cluster specification, "Key distribution model".
std::uint16_t key_slot(std::string_view key) noexcept;

}  // namespace larder::redis
