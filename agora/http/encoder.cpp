// SPDX-License-Identifier: MIT
#include <agora/http/compression.hpp>
#include <agora/http/encoder.hpp>
#include <agora/http/entity_tag.hpp>
#include <agora/http/problem.hpp>
#include <charconv>

namespace agora::http {
namespace {

constexpr std::size_t compress_from = 1024;  // bytes; below, the saving is less than a packet

void append_number(std::string& out, std::uint64_t n)
{
    char digits[20];
    out.append(digits, std::to_chars(digits, digits + sizeof digits, n).ptr);
}

void append_field(std::string& out, std::string_view name, std::string_view value)
{
    out.append(name).append(": ").append(value).append("\r\n");
}

void append_status_line(std::string& out, unsigned status)
{
    out.append("HTTP/1.1 ");
    append_number(out, status);
    out.append(" ").append(reason_phrase(status)).append("\r\n");
}

/// Milliseconds with three decimals, from integers: "0.042ms".
void append_response_time(std::string& out, std::chrono::nanoseconds elapsed)
{
    const auto us = static_cast<std::uint64_t>(elapsed.count() / 1000);
    out.append("X-Response-Time: ");
    append_number(out, us / 1000);
    const char decimals[] = {'.', static_cast<char>('0' + us / 100 % 10), static_cast<char>('0' + us / 10 % 10),
                             static_cast<char>('0' + us % 10)};
    out.append(decimals, sizeof decimals).append("ms\r\n");
}

void append_cors(std::string& out, const request& r, const exchange& x)
{
    if (x.cors_origins == nullptr || x.cors_origins->empty()) return;
    out.append("Vary: Origin\r\n");
    const auto origin = allowed_origin(r, *x.cors_origins);
    if (origin.empty()) return;
    append_field(out, "Access-Control-Allow-Origin", origin);
    append_field(out, "Access-Control-Expose-Headers", "ETag, Location, X-Request-Id, X-Response-Time, Retry-After");
}

/// What differs from one request to the next, and the end of the block.
void append_per_request(std::string& out, const request& r, const exchange& x)
{
    out.append(x.date_line);
    append_field(out, "X-Request-Id", r.request_id);
    append_response_time(out, x.elapsed);
    append_cors(out, r, x);
    if (x.close) {
        out.append("Connection: close\r\n");
    } else if (r.minor_version == 0) {
        out.append("Connection: keep-alive\r\n");
    }
    out.append("\r\n");
}

bool compressible(std::string_view type) noexcept
{
    return type.starts_with("application/json") || type.starts_with("text/") ||
           type.starts_with("application/problem+json");
}

/// Decides 304, and replaces the body by its compressed form.
class representation {
 public:
    representation(const request& r, response& answer) : answer_{answer}
    {
        varies_ = answer.body.size() >= compress_from && compressible(answer.content_type);
        if (varies_) coding_ = choose_coding(r.header("accept-encoding"));
        if (answer.cacheable || answer.version != 0) etag_ = make_etag(answer.version, answer.body, coding_);
        const bool reads = r.method == verb::get || r.method == verb::head;
        if (answer.status == 200 && reads && !etag_.empty() && matches_etag(r.header("if-none-match"), etag_)) {
            answer.status = 304;
            answer.body.clear();
        } else if (coding_ != coding::identity) {
            answer.body = compress(coding_, answer.body);
        }
    }

    void append_fields(std::string& out) const
    {
        const bool has_body = answer_.status != 304 && answer_.status != 204;
        if (has_body && !answer_.content_type.empty()) append_field(out, "Content-Type", answer_.content_type);
        if (has_body && coding_ != coding::identity) append_field(out, "Content-Encoding", to_string(coding_));
        if (!etag_.empty()) append_field(out, "ETag", etag_);
        if (varies_) append_field(out, "Vary", "Accept-Encoding");
        append_field(out, "Cache-Control", answer_.cache_control);
        if (has_body) {
            out.append("Content-Length: ");
            append_number(out, answer_.body.size());
            out.append("\r\n");
        }
    }

 private:
    response& answer_;
    coding coding_ = coding::identity;
    bool varies_ = false;
    std::string etag_;
};

}  // namespace

encoded encode(std::string& out, const request& r, response& answer, const exchange& x)
{
    const bool with_body = r.method != verb::head;
    if (answer.prepared != nullptr) {
        out.append(answer.prepared->head);
        append_per_request(out, r, x);
        if (with_body) out.append(answer.prepared->body);
        return {answer.status, with_body ? answer.prepared->body.size() : 0};
    }
    const representation shown{r, answer};
    append_status_line(out, answer.status);
    shown.append_fields(out);
    out.append("X-Content-Type-Options: nosniff\r\n");
    for (const auto& [name, value] : answer.headers) append_field(out, name, value);
    append_per_request(out, r, x);
    if (with_body) out.append(answer.body);
    return {answer.status, with_body ? answer.body.size() : 0};
}

prepared_response prepare(unsigned status, std::string_view content_type, std::string body,
                          std::string_view cache_control)
{
    prepared_response p;
    p.status = status;
    append_status_line(p.head, status);
    append_field(p.head, "Content-Type", content_type);
    append_field(p.head, "Cache-Control", cache_control);
    append_field(p.head, "X-Content-Type-Options", "nosniff");
    p.head.append("Content-Length: ");
    append_number(p.head, body.size());
    p.head.append("\r\n");
    p.body = std::move(body);
    return p;
}

std::string_view allowed_origin(const request& r, const std::vector<std::string>& origins) noexcept
{
    const auto origin = r.header("origin");
    if (origin.empty()) return {};
    for (const auto& o : origins) {
        if (o == "*") return "*";
        if (o == origin) return origin;
    }
    return {};
}

}  // namespace agora::http
