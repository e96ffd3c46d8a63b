// SPDX-License-Identifier: MIT
// Content codings (RFC 9110 8.4): which one the client prefers, and the compressed bytes. Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace agora::http {

enum class coding { identity, gzip, br };

/// The name in Content-Encoding; empty for identity.
std::string_view to_string(coding c) noexcept;

/// The coding to answer with: the client's highest weight, br before gzip when equal (RFC 9110 12.5.3).
coding choose_coding(std::string_view accept_encoding) noexcept;

/// Compresses at a level meant for answers made on demand. Throws std::bad_alloc only.
std::string compress(coding c, std::string_view body);

}  // namespace agora::http
