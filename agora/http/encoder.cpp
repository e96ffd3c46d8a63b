// SPDX-License-Identifier: MIT
// Encodes responses. Start with encode(), which handles the three kinds: prepared responses (head and body made at
// start), stored responses (from the cache, each coding with a head of its own), and ordinary ones, for which
// `representation` decides on 304 and compression. Invariant: a response that sets a cookie never leaves with a
// Cache-Control that lets a shared cache store it.
#include <agora/http/compression.hpp>
#include <agora/http/encoder.hpp>
#include <agora/http/entity_tag.hpp>
#include <agora/http/fields.hpp>
#include <agora/http/problem.hpp>
#include <agora/http/stored_response.hpp>
#include <agora/http/view.hpp>
#include <algorithm>
#include <charconv>

namespace agora::http {
namespace {

constexpr std::string_view private_cache_control = "private, no-cache";  // for a response to one client only
constexpr std::size_t min_compressed_size = 1024;                        // bytes; below it, less than a packet is saved

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

bool is_html(std::string_view content_type) noexcept { return content_type.starts_with("text/html"); }

/// What a page may do and load (CSP 3, Permissions Policy, Referrer Policy, COOP and CORP of the HTML standard). The
/// fields depend only on the content type and a setting, so that pages remain storable.
void append_page_fields(std::string& out, std::string_view content_type, const exchange& x)
{
    if (!is_html(content_type)) return;
    out.append("Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:")
        .append(x.foreign_pictures ? " https:" : "")
        .append(
            "; connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
            "frame-ancestors 'none'\r\n"
            "Cross-Origin-Opener-Policy: same-origin\r\n"
            "Cross-Origin-Resource-Policy: same-origin\r\n"
            "Permissions-Policy: camera=(), geolocation=(), microphone=(), payment=(), usb=()\r\n"
            "Referrer-Policy: same-origin\r\n");
}

/// Milliseconds with three decimals, such as "0.042ms", without floating point.
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
    // Cookies are allowed for origins that the operator has listed, never for "*".
    if (origin != "*") out.append("Access-Control-Allow-Credentials: true\r\n");
    append_field(
        out, "Access-Control-Expose-Headers",
        "ETag, Location, Allow, Retry-After, X-Request-Id, X-Response-Time, Cache-Status, Idempotency-Replayed, "
        "WWW-Authenticate, RateLimit, RateLimit-Policy, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset");
}

/// Appends the header fields that differ for each request, and the empty line that ends the header.
void append_per_request(std::string& out, const request& r, const exchange& x)
{
    out.append(x.date_line);
    append_field(out, "X-Request-Id", r.request_id);
    append_response_time(out, x.elapsed);
    append_cors(out, r, x);
    out.append(x.fixed_fields);
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
           type.starts_with("application/problem+json") || type.starts_with("application/atom+xml") ||
           type.starts_with("application/xml") || type.starts_with("image/svg+xml");
}

/// Chooses the coding, makes the ETag, and then either turns the response into a 304 or compresses its body.
class representation {
 public:
    representation(const request& r, response& answer) : answer_{answer}
    {
        varies_ = !answer.encoded && is_worth_compressing(answer.content_type, answer.body.size());
        if (varies_) coding_ = coding_for(r);
        if (answer.cacheable || answer.version != 0) etag_ = make_etag(answer.version, answer.body, coding_);
        const bool reads = r.method == verb::get || r.method == verb::head;
        if (answer.status == 200 && reads && !etag_.empty() && names_etag(r, etag_)) {
            answer.status = 304;
            answer.body.clear();
        } else if (coding_ != coding::identity) {
            answer.body = compress(coding_, answer.body);
        }
    }

    representation_fields fields() const { return {answer_.content_type, coding_, etag_, varies_}; }

 private:
    response& answer_;
    coding coding_ = coding::identity;
    bool varies_ = false;
    std::string etag_;
};

void append_head(std::string& out, unsigned status, const representation_fields& f, std::size_t body_size)
{
    append_status_line(out, status);
    const bool has_body = status != 304 && status != 204;
    if (has_body && !f.content_type.empty()) append_field(out, "Content-Type", f.content_type);
    if (has_body && f.encoding != coding::identity) append_field(out, "Content-Encoding", to_string(f.encoding));
    if (!f.etag.empty()) append_field(out, "ETag", f.etag);
    if (is_html(f.content_type)) {
        append_field(out, "Vary", f.varies ? "Accept-Encoding, Cookie" : "Cookie");
    } else if (f.varies) {
        append_field(out, "Vary", "Accept-Encoding");
    }
    if (has_body) {
        out.append("Content-Length: ");
        append_number(out, body_size);
        out.append("\r\n");
    }
    out.append("X-Content-Type-Options: nosniff\r\n");
}

void append_own_fields(std::string& out, const response& answer)
{
    if (!answer.cache_status.empty()) append_field(out, "Cache-Status", answer.cache_status);
    for (const auto& [name, value] : answer.headers) append_field(out, name, value);
}

/// Sends the client to the page's own path, with the query that it has sent.
encoded encode_redirect(std::string& out, const request& r, std::string_view canonical, const exchange& x)
{
    append_status_line(out, 301);
    std::string location{canonical};
    if (!r.query.empty()) location.append("?").append(r.query);
    append_field(out, "Location", location);
    append_field(out, "Cache-Control", "private, no-cache");
    out.append("Content-Length: 0\r\n");
    append_per_request(out, r, x);
    return {301, {}};
}

bool is_elsewhere(const page_parts* page, const request& r) noexcept
{
    return page != nullptr && !page->canonical.empty() && page->canonical != r.path;
}

/// What the caller sees in the slots; empty for guests, who see the page as it is.
std::vector<std::string> contents_for(const request& r, const page_parts* page)
{
    std::vector<std::string> contents;
    if (page == nullptr || r.caller.user_id == 0 || r.shown_by == nullptr) return contents;
    contents.resize(page->slots.size());
    for (std::size_t i = 0; i < contents.size(); ++i) r.shown_by->fill(contents[i], page->slots[i], r);
    return contents;
}

/// A member's copy of a page: the stored bytes with the slots filled. Its ETag hashes both, so it never equals the tag
/// of the guests' page.
encoded encode_for_member(std::string& out, const request& r, response& answer, const exchange& x)
{
    const auto& page = *answer.stored;
    const auto contents = contents_for(r, page.page());
    representation_fields f;
    f.content_type = page.content_type();
    f.varies = page.varies();
    if (f.varies && coding_for(r) != coding::identity) f.encoding = coding::gzip;
    std::string identity = page.in(coding::identity).etag;
    for (const auto& c : contents) identity.append(c).append(1, '\0');
    const auto etag = make_etag(page.version(), identity, f.encoding);
    f.etag = etag;
    const bool same = names_etag(r, f.etag);
    if (!same && f.encoding == coding::gzip) answer.body = page.segments().gzip(contents);
    if (!same && f.encoding == coding::identity)
        answer.body = with_slots(page.in(coding::identity).body, page.page()->slots, contents);
    append_head(out, same ? 304 : 200, f, answer.body.size());
    if (!same) append_page_fields(out, f.content_type, x);
    append_field(out, "Cache-Control", private_cache_control);
    append_own_fields(out, answer);
    append_per_request(out, r, x);
    const bool with_body = !same && r.method != verb::head;
    return {same ? 304U : 200U, with_body ? std::string_view{answer.body} : std::string_view{}};
}

encoded encode_stored(std::string& out, const request& r, const response& answer, const exchange& x)
{
    const auto c = answer.stored->varies() ? coding_for(r) : coding::identity;
    const auto& form = answer.stored->in(c);
    const bool same = names_etag(r, form.etag);
    out.append(same ? form.not_modified : form.head);
    if (!same) append_page_fields(out, answer.stored->content_type(), x);
    append_field(out, "Cache-Control", sets_cookie(answer) ? private_cache_control : public_cache_control(r));
    append_own_fields(out, answer);
    append_per_request(out, r, x);
    const bool with_body = !same && r.method != verb::head;
    return {same ? 304U : 200U, with_body ? std::string_view{form.body} : std::string_view{}};
}

}  // namespace

coding coding_for(const request& r) noexcept
{
    coding_choice choice;
    r.each_line("accept-encoding", [&](std::string_view line) { choice.add(line); });
    return choice.best();
}

std::optional<coding> coding_of_body(const request& r) noexcept
{
    unsigned packed = 0;
    bool known = true;
    r.each_line("content-encoding", [&](std::string_view line) {
        for (auto c = next_element(line); !c.empty(); c = next_element(line)) {
            if (iequals(c, "identity")) continue;
            known &= iequals(c, "gzip") || iequals(c, "x-gzip");
            ++packed;
        }
    });
    if (!known || packed > 1) return std::nullopt;
    return packed == 1 ? coding::gzip : coding::identity;
}

std::string_view public_cache_control(const request& r) noexcept
{
    return r.caller.user_id == 0 ? "public, max-age=0, must-revalidate" : private_cache_control;
}

bool sets_cookie(const response& r) noexcept
{
    return std::ranges::any_of(r.headers, [](const auto& f) { return iequals(f.first, "set-cookie"); });
}

bool is_worth_compressing(std::string_view content_type, std::size_t size) noexcept
{
    return size >= min_compressed_size && compressible(content_type);
}

std::string make_head(unsigned status, const representation_fields& f, std::size_t body_size)
{
    std::string out;
    append_head(out, status, f, body_size);
    return out;
}

encoded encode(std::string& out, const request& r, response& answer, const exchange& x)
{
    const bool with_body = r.method != verb::head;
    if (answer.prepared != nullptr) {
        out.append(answer.prepared->head);
        if (sets_cookie(answer)) {
            append_field(out, "Cache-Control", "no-store");
        } else {
            out.append(answer.prepared->cache_control);
        }
        append_own_fields(out, answer);
        append_per_request(out, r, x);
        return {answer.status, with_body ? std::string_view{answer.prepared->body} : std::string_view{}};
    }
    if (answer.stored != nullptr) {
        const auto* page = answer.stored->page();
        if (is_elsewhere(page, r)) return encode_redirect(out, r, page->canonical, x);
        if (page != nullptr && r.caller.user_id != 0) return encode_for_member(out, r, answer, x);
        return encode_stored(out, r, answer, x);
    }
    if (is_elsewhere(answer.page.get(), r)) return encode_redirect(out, r, answer.page->canonical, x);
    if (const auto contents = contents_for(r, answer.page.get()); !contents.empty())
        answer.body = with_slots(answer.body, answer.page->slots, contents);
    const representation shown{r, answer};
    append_head(out, answer.status, shown.fields(), answer.body.size());
    if (answer.status != 304 && answer.status != 204) append_page_fields(out, answer.content_type, x);
    const bool shared = !answer.cache_control.starts_with("no-store") && !answer.cache_control.starts_with("private");
    append_field(out, "Cache-Control", shared && sets_cookie(answer) ? private_cache_control : answer.cache_control);
    append_own_fields(out, answer);
    append_per_request(out, r, x);
    return {answer.status, with_body ? std::string_view{answer.body} : std::string_view{}};
}

prepared_response prepare(unsigned status, std::string_view content_type, std::string body,
                          std::string_view cache_control)
{
    prepared_response p;
    p.status = status;
    append_status_line(p.head, status);
    append_field(p.head, "Content-Type", content_type);
    append_field(p.cache_control, "Cache-Control", cache_control);
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
    std::string_view any;
    for (const auto& o : origins) {
        if (o == "*") any = "*";
        if (o == origin) return origin;
    }
    return any;
}

}  // namespace agora::http
