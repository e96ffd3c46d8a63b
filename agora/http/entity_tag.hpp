// SPDX-License-Identifier: MIT
// ETags (RFC 9110 8.8.3). `"<version>-<hash>"` for things with a row version, `"<hash>"` for the rest; the hash
// covers the uncompressed body, a letter at its end tells the coding. Pure functions.
#pragma once

#include <agora/http/compression.hpp>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace agora::http {

std::string make_etag(std::int64_t version, std::string_view body, coding c);

/// If-None-Match against one tag, by weak comparison (RFC 9110 13.1.2).
bool matches_etag(std::string_view if_none_match, std::string_view etag) noexcept;

/// What If-Match asks of a row: any version (`*`), or one of those that its tags name. The hash behind the version
/// does not matter to an edit, and neither does a `W/` that a compressing proxy put in front.
class if_match {
 public:
    /// nullopt when no tag in the header has a version, so that nothing can match. At most 8 tags are looked at.
    static std::optional<if_match> parse(std::string_view header);
    bool allows(std::int64_t version) const noexcept;

 private:
    bool any_ = false;
    std::array<std::int64_t, 8> versions_{};
    std::size_t count_ = 0;
};

}  // namespace agora::http
