// SPDX-License-Identifier: MIT
// What a handler returns. Plain data. The connection adds Date, X-Request-Id, X-Response-Time, Content-Length and, when
// `cacheable` or `version` is set, ETag; it compresses the body, and handles 304 and HEAD by itself.
#pragma once

#include <boost/describe/class.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace agora::http {

/// A response that is made once and sent to many requests, without the header fields that differ for each request.
struct prepared_response {
    unsigned status = 200;
    std::string head;           ///< "HTTP/1.1 200 OK\r\nContent-Type: ...\r\n", no Cache-Control and no empty line
    std::string cache_control;  ///< "Cache-Control: ...\r\n"
    std::string body;
};

/// A range of a page that members see with other content, such as the account box. Guests get the bytes as they are.
struct page_slot {
    std::uint32_t kind = 0;    ///< chosen by the site
    std::int64_t subject = 0;  ///< such as the id of the comment that an edit link belongs to
    std::int64_t owner = 0;    ///< the member whom the subject belongs to; 0: nobody
    std::size_t begin = 0;     ///< bytes from the beginning of the body
    std::size_t length = 0;
};
BOOST_DESCRIBE_STRUCT(page_slot, (), (kind, subject, owner, begin, length))

/// What a page has besides its bytes.
struct page_parts {
    std::vector<page_slot> slots;  ///< in the order of their positions, without overlaps
    std::string canonical;         ///< the path of the page; requests for another one are redirected to it. Empty: any
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

    /// The row version for the ETag "<version>-<hash>". 0: the ETag is "<hash>" if `cacheable`, otherwise there is
    /// none.
    std::int64_t version = 0;
    bool encoded = false;    ///< the body is compressed already, and `headers` say so
    bool cacheable = false;  ///< the response to a GET that gets an ETag and may become a 304
    std::string_view cache_control = "no-store";

    /// Set for a page. Members get its slots filled by the view of the route.
    std::shared_ptr<page_parts> page;

    /// Set for a prepared response, which must outlive the write.
    const prepared_response* prepared = nullptr;
    /// Set for a response from the cache. Kept alive by `owner`, or by the caller when that is null.
    const stored_response* stored = nullptr;
    std::shared_ptr<const stored_response> owner;
    std::string_view cache_status;  ///< Cache-Status (RFC 9211); static text; empty for routes without a cache
};

/// Whether the response sets a cookie; it is then for one browser only, whatever its body is.
bool sets_cookie(const response& r) noexcept;

inline constexpr std::string_view json_type = "application/json; charset=utf-8";

}  // namespace agora::http
