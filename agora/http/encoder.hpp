// SPDX-License-Identifier: MIT
// Turns a response into bytes: appends the status line and the header to the connection's output and returns the body,
// which the connection sends after it. Start with encode(). It also handles ETag and 304, HEAD, compression and CORS. A
// prepared response takes two copies and no allocation.
#pragma once

#include <agora/http/compression.hpp>
#include <agora/http/request.hpp>
#include <agora/http/response.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace agora::http {

/// What encode() needs to know besides the request and the response.
struct exchange {
    std::string_view date_line;  ///< "Date: ...\r\n"
    std::chrono::nanoseconds elapsed{};
    bool close = false;
    const std::vector<std::string>* cors_origins = nullptr;  ///< null or empty: no CORS
    std::string_view fixed_fields;                           ///< lines that every response carries
    bool foreign_pictures = false;                           ///< whether pages may load pictures of other sites
};

struct encoded {
    unsigned status = 0;    ///< 304 when the client's copy is still valid
    std::string_view body;  ///< to be sent after `out`; valid as long as the response
};

/// Appends the status line and the header to `out`.
encoded encode(std::string& out, const request& r, response& answer, const exchange& x);

/// The coding of the request's body: identity or gzip. nullopt: another coding, which is not supported.
std::optional<coding> coding_of_body(const request& r) noexcept;

/// The coding of the response that the client prefers.
coding coding_for(const request& r) noexcept;

/// Who may store the response to a public GET: anyone if the client is a guest, otherwise only that client
/// (`Cache-Control: private`). In both cases the cache must revalidate before each use.
std::string_view public_cache_control(const request& r) noexcept;

/// The header fields that describe a representation.
struct representation_fields {
    std::string_view content_type;
    coding encoding = coding::identity;
    std::string_view etag;
    bool varies = false;
};

/// The status line and the header fields that do not depend on the request, without Cache-Control.
std::string make_head(unsigned status, const representation_fields& f, std::size_t body_size);
bool is_worth_compressing(std::string_view content_type, std::size_t size) noexcept;

/// Prepares a response that is the same for many requests. `body` is sent uncompressed.
prepared_response prepare(unsigned status, std::string_view content_type, std::string body,
                          std::string_view cache_control);

/// The value of Access-Control-Allow-Origin for this request; empty when the origin is not allowed. A listed origin
/// takes precedence over "*".
std::string_view allowed_origin(const request& r, const std::vector<std::string>& origins) noexcept;

}  // namespace agora::http
