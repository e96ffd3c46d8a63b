// SPDX-License-Identifier: MIT
// Content codings (RFC 9110 8.4): which one the client prefers, and compression and decompression. Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace agora::http {

enum class coding { identity, gzip, br };

/// The coding's name in Content-Encoding; empty for identity.
std::string_view to_string(coding c) noexcept;

/// Chooses the coding of the response: the one with the client's highest weight, br before gzip when they are equal
/// (RFC 9110 12.5.3).
class coding_choice {
 public:
    /// Reads one line of Accept-Encoding.
    void add(std::string_view line) noexcept;
    coding best() const noexcept;

 private:
    int br_ = -1;
    int gzip_ = -1;
    int any_ = 0;
};

enum class gunzip_result { done, too_large, malformed };
/// Decompresses gzip (RFC 1952), which may have several members, and appends at most `most` bytes to `out`. Uses no
/// memory beyond that and a fixed buffer, whatever size the input claims.
gunzip_result gunzip(std::string_view packed, std::size_t most, std::string& out);

/// Compresses at a level meant for responses made on demand. Throws only std::bad_alloc.
std::string compress(coding c, std::string_view body);

}  // namespace agora::http
