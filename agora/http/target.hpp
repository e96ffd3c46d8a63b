// SPDX-License-Identifier: MIT
// Request targets (RFC 9112 3.2): which of the four forms a target has, whether its method may use it, and the path and
// the query in it. Everything that a cache key is made of has passed these checks before the key is made. Pure
// functions, no allocation; a target without a percent sign costs one search for it.
#pragma once

#include <string_view>

namespace agora::http {

struct refusal;

struct target_parts {
    std::string_view path;   ///< before `?`, still percent-encoded; `*` for OPTIONS of the whole server
    std::string_view query;  ///< after `?`
};

/// null: the target has a form that its method may use. Requires: the bytes are those that a URI may have.
const refusal* check_target(std::string_view method, std::string_view target) noexcept;

/// The parts of a target that check_target() has passed. An absolute form loses its scheme and authority: this server
/// answers for every name that it is called by.
target_parts split_target(std::string_view method, std::string_view target) noexcept;

/// `host[:port]` (RFC 3986 3.2.2, 3.2.3), without user information.
bool is_authority(std::string_view text) noexcept;

/// Its percent escapes are whole and stand for UTF-8 without NUL (RFC 3986 2.1, 2.5). Each character is escaped as a
/// whole, so that parts cut out at `/`, `&` or `=` are well formed, too.
bool is_encoded_text(std::string_view text) noexcept;

/// The value of a hexadecimal digit; -1: it is none.
constexpr int hex_digit(char c) noexcept
{
    if (c >= '0' && c <= '9') return c - '0';
    const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace agora::http
