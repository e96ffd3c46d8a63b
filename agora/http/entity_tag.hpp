// SPDX-License-Identifier: MIT
// ETags (RFC 9110 8.8.3): `"<version>-<hash>"` for resources with a row version, `"<hash>"` for the others. The hash is
// that of the uncompressed body; a letter at the end of the tag stands for the coding. Pure functions.
#pragma once

#include <agora/http/compression.hpp>
#include <agora/http/request.hpp>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace agora::http {

std::string make_etag(std::int64_t version, std::string_view body, coding c);

/// Whether the request's If-None-Match names the tag, by weak comparison (RFC 9110 13.1.2).
bool names_etag(const request& r, std::string_view etag) noexcept;

/// The row versions that If-Match allows: any (`*`), or those named by its tags. The hash after the version is ignored,
/// and so is a `W/` that a compressing proxy has added in front. Trivially destructible.
class if_match {
 public:
    if_match() = default;
    /// Reads all lines of the field. Tags after the first 32 are ignored.
    static if_match of(const request& r) noexcept;
    /// Reads one line.
    static if_match parse(std::string_view line) noexcept;
    /// Whether the request has the field with a non-empty value.
    bool given() const noexcept { return given_; }
    bool allows(std::int64_t version) const noexcept;

 private:
    void add_line(std::string_view line) noexcept;
    void add_tag(std::string_view tag) noexcept;

    bool given_ = false;
    bool any_ = false;
    std::array<std::int64_t, 32> versions_{};
    std::size_t count_ = 0;
};

}  // namespace agora::http
