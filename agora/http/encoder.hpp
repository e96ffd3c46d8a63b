// SPDX-License-Identifier: MIT
// Turns a response into bytes: status line and fields at the end of the connection's output, ETag and 304, HEAD,
// compression, CORS, and the body that goes behind them. A prepared answer is two copies and no allocation.
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

/// What the connection knows beside request and response.
struct exchange {
    std::string_view date_line;  ///< "Date: ...\r\n"
    std::chrono::nanoseconds elapsed{};
    bool close = false;
    const std::vector<std::string>* cors_origins = nullptr;  ///< null or empty: no CORS
};

struct encoded {
    unsigned status = 0;    ///< 304 when the client's copy is still good
    std::string_view body;  ///< to be sent behind `out`; lives as long as the answer
};

/// Appends the status line and the fields.
encoded encode(std::string& out, const request& r, response& answer, const exchange& x);

/// How the request's body is packed: identity or gzip; nullopt: in a way that is not taken.
std::optional<coding> coding_of_body(const request& r) noexcept;

/// Of whom a public answer may be kept: of guests by anybody, of others only by themselves; who keeps it asks before
/// each use.
std::string_view public_cache_control(const request& r) noexcept;

/// The fields that describe a representation.
struct shown_fields {
    std::string_view content_type;
    coding encoding = coding::identity;
    std::string_view etag;
    bool varies = false;
};

/// Status line and fields, the per-request ones and Cache-Control not among them.
std::string make_head(unsigned status, const shown_fields& f, std::size_t body_size);
bool is_worth_compressing(std::string_view content_type, std::size_t size) noexcept;

/// The shared part of an answer that many requests get. `body` is not compressed.
prepared_response prepare(unsigned status, std::string_view content_type, std::string body,
                          std::string_view cache_control);

/// The value of Access-Control-Allow-Origin for this request; empty when there is none. A named origin goes before "*".
std::string_view allowed_origin(const request& r, const std::vector<std::string>& origins) noexcept;

}  // namespace agora::http
