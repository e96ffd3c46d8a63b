// SPDX-License-Identifier: MIT
// What a handler returns. Plain data; the connection adds Date, X-Request-Id, X-Response-Time, ETag (when
// `validator` asks for it), Content-Length and the compressed form, and answers 304 and HEAD by itself.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace agora::http {

/// A finished answer that many requests share: status line and fields without the per-request ones.
struct prepared_response {
    unsigned status = 200;
    std::string head;           ///< "HTTP/1.1 200 OK\r\nContent-Type: ...\r\n", no Cache-Control and no blank line
    std::string cache_control;  ///< "Cache-Control: ...\r\n"
    std::string body;
};

class stored_response;

class response {
 public:
    response() = default;
    response(unsigned code, std::string_view media_type, std::string text)
        : status{code}, content_type{media_type}, body{std::move(text)}
    {}
    explicit response(const prepared_response& p) : status{p.status}, prepared{&p} {}
    explicit response(std::shared_ptr<const stored_response> s) : status{200}, stored{s.get()}, owner{std::move(s)} {}

    unsigned status = 204;
    std::string_view content_type;  ///< static text; empty when there is no body
    std::string body;
    std::vector<std::pair<std::string_view, std::string>> headers;  ///< names are static text

    /// ETag: empty = a hash of the body when `cacheable`; a row version gives "<version>-<hash>".
    std::int64_t version = 0;
    bool cacheable = false;  ///< a GET that may carry ETag and be answered 304
    std::string_view cache_control = "no-store";

    /// Set for a prepared answer; it must outlive the write (owned by the loop that serves it).
    const prepared_response* prepared = nullptr;
    /// Set for an answer from the cache; `owner` keeps it alive, or the caller does.
    const stored_response* stored = nullptr;
    std::shared_ptr<const stored_response> owner;
    std::string_view cache_status;  ///< Cache-Status (RFC 9211); static text, empty where there is no cache
};

/// Such an answer is for one browser alone, whatever its body is.
bool sets_cookie(const response& r) noexcept;

inline constexpr std::string_view json_type = "application/json; charset=utf-8";

}  // namespace agora::http
