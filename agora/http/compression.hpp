// SPDX-License-Identifier: MIT
// Content codings (RFC 9110 8.4): which one the client prefers, and the compressed bytes. Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace agora::http {

enum class coding { identity, gzip, br };

/// The name in Content-Encoding; empty for identity.
std::string_view to_string(coding c) noexcept;

/// Chooses the coding to answer with: the client's highest weight, br before gzip when equal (RFC 9110 12.5.3).
class coding_choice {
 public:
    /// Takes one line of Accept-Encoding.
    void add(std::string_view line) noexcept;
    coding best() const noexcept;

 private:
    int br_ = -1;
    int gzip_ = -1;
    int any_ = 0;
};

enum class gunzip_result { done, too_large, malformed };
/// Appends what gzip has packed (RFC 1952), also in several members, and at most `most` bytes of it. Uses no memory
/// beyond that, whatever the input claims.
gunzip_result gunzip(std::string_view packed, std::size_t most, std::string& out);

/// Compresses at a level meant for answers made on demand. Throws std::bad_alloc only.
std::string compress(coding c, std::string_view body);

}  // namespace agora::http
