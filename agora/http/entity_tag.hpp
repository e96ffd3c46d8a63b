// SPDX-License-Identifier: MIT
// ETags (RFC 9110 8.8.3). `"<version>-<hash>"` for things with a row version, `"<hash>"` for the rest; the hash
// covers the uncompressed body, a letter at its end tells the coding. Pure functions.
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

/// What If-Match asks of a row: any version (`*`), or one of those that its tags name. The hash behind the version
/// does not matter to an edit, and neither does a `W/` that a compressing proxy put in front. Trivially destructible.
class if_match {
 public:
    if_match() = default;
    /// Reads all lines of the field; at most 32 tags are looked at.
    static if_match of(const request& r) noexcept;
    /// Reads one line.
    static if_match parse(std::string_view line) noexcept;
    /// The request has the field, and it is not empty.
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
