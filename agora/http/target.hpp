// SPDX-License-Identifier: MIT
// Request targets (RFC 9112 3.2): which of the four forms a target has, whether its method may use that form, and the
// path and query in it. Everything that a cache key is made of is validated here first. Pure functions, no allocation;
// a target without a percent sign costs one search for it.
#pragma once

#include <string_view>

namespace agora::http {

struct refusal;

struct target_parts {
    std::string_view path;   ///< before `?`, still percent-encoded; `*` for OPTIONS of the whole server
    std::string_view query;  ///< after `?`
};

/// Null: the method may use the form of this target; otherwise the refusal. Requires: all bytes are allowed in a URI.
const refusal* check_target(std::string_view method, std::string_view target) noexcept;

/// Splits a target that check_target() has accepted. The scheme and authority of an absolute form are dropped, because
/// the server responds under every host name.
target_parts split_target(std::string_view method, std::string_view target) noexcept;

/// Whether the text is `host[:port]` (RFC 3986 3.2.2, 3.2.3), without user information. May be empty.
bool is_authority(std::string_view text) noexcept;

/// Whether all percent escapes are complete and encode UTF-8 without NUL (RFC 3986 2.1, 2.5). The escapes of one
/// character must be adjacent, so the parts between `/`, `&` and `=` are well-formed on their own.
bool is_encoded_text(std::string_view text) noexcept;

}  // namespace agora::http
