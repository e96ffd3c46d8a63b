// SPDX-License-Identifier: MIT
// The request side of a connection, in the order a request passes through it: take_request() checks and parses the
// header, take_body() waits for the body, dispatch() serves from the cache or calls the handler, finish() encodes the
// response and drops the request from the buffer. The socket side is in connection_io.cpp. Invariant: the request being
// served is always at the front of `in_`, and the views of its header point into `in_`, so the header must be parsed
// again whenever the buffer moves.
#include <sodium/randombytes.h>
#include <agora/http/connection.hpp>
#include <agora/http/head_parser.hpp>
#include <agora/http/problem_codes.hpp>
#include <agora/http/server.hpp>
#include <agora/http/target.hpp>

#include <ctime>

namespace agora::http {
namespace {

constexpr std::size_t max_output = 256 * 1024;  // bytes; responses to pipelined requests are sent when they reach this
constexpr std::size_t min_gather_size = 2 * 1024;  // bytes; smaller bodies are copied, to be sent with other responses
constexpr std::size_t max_request_id = 128;

/// The client's request id is echoed and logged, so only harmless characters are accepted.
bool is_request_id(std::string_view id) noexcept
{
    return !id.empty() && id.size() <= max_request_id && std::all_of(id.begin(), id.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
               c == '.';
    });
}

/// The value of Allow, from a bit per verb.
std::string allow_list(unsigned allowed)
{
    std::string list;
    for (unsigned v = 0; v < static_cast<unsigned>(verb::options); ++v) {
        const bool head = static_cast<verb>(v) == verb::head && (allowed & 1U << static_cast<unsigned>(verb::get)) != 0;
        if ((allowed & 1U << v) != 0 || head) list.append(to_string(static_cast<verb>(v))).append(", ");
    }
    return list + "OPTIONS";
}

}  // namespace

loop_state::loop_state(const router& r, const server_options& o)
    : routes{r},
      limits{o.limits},
      cors_origins{o.cors_origins},
      fields{o.fields},
      admission{o.admission},
      idempotency{o.idempotency},
      log{o.log},
      metrics{std::make_unique<route_metrics[]>(r.routes().size() + 1)}
{
    randombytes_buf(&id_seed_, sizeof id_seed_);
    tick();
}

void loop_state::tick()
{
    now = std::chrono::steady_clock::now();
    const auto wall = std::chrono::time_point_cast<std::chrono::seconds>(larder::system_clock().wall());
    const std::time_t t = wall.time_since_epoch().count();
    std::tm parts{};
    gmtime_r(&t, &parts);
    char text[48];
    // RFC 9110 5.6.7. The process runs in the C locale, so the names of days and months are English.
    date_line.assign(text, std::strftime(text, sizeof text, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts));
}

void loop_state::next_request_id(std::array<char, 16>& out) noexcept
{
    // SplitMix64 over a counter: a bijection, so ids of one loop never repeat (Steele, Lea, Flood, OOPSLA 2014).
    std::uint64_t z = id_seed_ += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    z ^= z >> 31;
    for (auto& c : out) {
        c = "0123456789abcdef"[z & 15];
        z >>= 4;
    }
}

connection::connection(socket s, loop_state& loop) : socket_{std::move(s)}, loop_{loop}
{
    boost::system::error_code ignored;
    socket_.set_option(asio::ip::tcp::no_delay{true}, ignored);
    socket_.non_blocking(true, ignored);
    const auto peer = socket_.remote_endpoint(ignored);
    if (ignored) return;
    auto text = peer.address().to_string();
    const auto address = ip_address::parse(std::string_view{text}.substr(0, text.find('%')));  // without a zone
    if (!address) return;
    peer_name_ = address->write_to(peer_text_);
    if (loop_.admission.proxies.contains(*address)) peer_ = address;
}

void connection::set_deadline(phase p, std::chrono::steady_clock::duration d) noexcept
{
    phase_ = p;
    deadline_ = loop_.now + d;
}

asio::awaitable<void> connection::run()
{
    set_deadline(phase::idle, loop_.limits.idle);
    for (;;) {
        const auto next = serve_buffered();
        bool open = flush_now();
        if (!open) open = co_await flush_rest();
        if (!open) co_return;
        switch (next) {
            case step::flush:
                break;
            case step::need_input:
                open = co_await read();
                if (!open) co_return;
                break;
            case step::call_handler: {
                phase_ = phase::handling;
                auto answer = co_await call_handler();
                finish(answer);
                break;
            }
            case step::close:
                co_await linger();
                co_return;
        }
    }
}

/// Serves complete requests until more bytes are needed, or a handler that may suspend has to be called.
connection::step connection::serve_buffered()
{
    for (;;) {
        if (close_after_) return step::close;
        if (out_.size() >= max_output) return step::flush;
        const auto next = head_parsed_ ? take_body() : take_request();
        if (next != step::flush) return next;
    }
}

/// Looks for a complete header at the front of the buffer and checks it. Returns step::flush when a response has been
/// written and the next request may be taken.
connection::step connection::take_request()
{
    // One empty line before a request is ignored (RFC 9112 2.2).
    if (phase_ == phase::idle && in_.view().starts_with("\r\n")) in_.consume(2);
    if (in_.empty()) {
        in_.shrink();
        if (phase_ != phase::idle) set_deadline(phase::idle, loop_.limits.idle);
        return step::need_input;
    }
    const auto check = check_head(in_.view(), loop_.limits.head);
    if (check.state == head_state::incomplete) {
        if (phase_ != phase::head) set_deadline(phase::head, loop_.limits.header_deadline);
        return step::need_input;
    }
    start_request();
    if (check.state == head_state::refused) {
        refuse(*check.why.code, check.why.detail);
        return step::close;
    }
    head_ = check.facts;
    if (!read_head()) {
        refuse(problems::bad_request, "the request cannot be parsed");
        return step::close;
    }
    head_parsed_ = true;
    const auto m = loop_.routes.match(request_);
    route_ = m.found;
    const auto limit = route_ != nullptr ? route_->max_body : std::size_t{0};
    if (head_.content_length > limit && route_ != nullptr) {
        refuse(problems::body_too_large, "the body is larger than this route accepts");
        return step::close;
    }
    if (head_.chunked) chunks_.emplace(limit);
    if (auto answer = refuse_before_handler(m)) {
        // If the body has not arrived completely, close after the response: the rest of the body would be read as the
        // next request.
        if (head_.chunked || in_.size() < head_.size + head_.content_length) close_after_ = true;
        body_size_ = close_after_ ? 0 : static_cast<std::size_t>(head_.content_length);
        finish(*answer);
        return close_after_ ? step::close : step::flush;
    }
    if (head_.expects_continue && in_.size() == head_.size) out_.append("HTTP/1.1 100 Continue\r\n\r\n");
    return take_body();
}

/// Waits until the body is complete, then calls dispatch().
connection::step connection::take_body()
{
    if (head_.chunked) {
        const auto raw = head_.size + body_size_;
        const auto p = chunks_->decode(in_.data() + raw, in_.size() - raw, in_.data() + raw);
        body_size_ += p.written;
        if (p.state == chunked_decoder::status::need_more) in_.truncate(head_.size + body_size_);
        if (p.state == chunked_decoder::status::malformed) refuse(problems::bad_chunk, "the chunked body is malformed");
        if (p.state == chunked_decoder::status::too_large) {
            refuse(problems::body_too_large, "the body is larger than this route accepts");
        }
        if (close_after_) return step::close;
        body_gap_ = p.consumed - p.written;
        // The size of the rest is unknown, so progress is measured by the room that is left below the limit.
        if (p.state == chunked_decoder::status::need_more) return wait_for_body(route_->max_body - body_size_);
    } else if (in_.size() < head_.size + head_.content_length) {
        return wait_for_body(static_cast<std::size_t>(head_.size + head_.content_length - in_.size()));
    } else {
        body_size_ = static_cast<std::size_t>(head_.content_length);
    }
    request_.body = in_.view().substr(head_.size, body_size_);
    return decompress_body() ? dispatch() : step::flush;
}

/// Replaces a gzip-compressed body by its decompressed content, up to the route's limit. False: the request has been
/// refused.
bool connection::decompress_body()
{
    if (request_.body.empty() || coding_of_body(request_) != coding::gzip) return true;
    decompressed_.clear();
    const auto result = gunzip(request_.body, route_->max_body, decompressed_);
    request_.body = decompressed_;
    if (result == gunzip_result::done) return true;
    auto answer = result == gunzip_result::too_large
                      ? problem(request_, problems::body_too_large, "the body is larger than this route accepts")
                      : problem(request_, problems::bad_content_encoding,
                                "Content-Encoding says gzip, but the body is not valid gzip data");
    finish(answer);
    return false;
}

/// Responds synchronously when that is possible. Returns step::call_handler when the handler, the idempotency store or
/// admission may suspend.
connection::step connection::dispatch()
{
    if (admission_pending_) return step::call_handler;
    if (auto refusal = refuse_form_of_guest(*route_, request_)) {
        finish(*refusal);
        return step::flush;
    }
    if (route_->cache != nullptr && answer_from_cache()) return step::flush;
    if (!route_->handler->immediate() || has_idempotency_key()) return step::call_handler;
    response answer;
    try {
        answer = route_->handler->sync(request_);
    } catch (...) {
        answer = problem(request_, std::current_exception(), loop_.routes.known_exceptions());
    }
    finish(answer);
    return step::flush;
}

/// Whether the idempotency store has to handle the request.
bool connection::has_idempotency_key() const
{
    return loop_.idempotency != nullptr && request_.method == verb::post && request_.has_header("idempotency-key");
}

/// Responds from L1, without suspending. False: L1 has no fresh response for this request.
bool connection::answer_from_cache()
{
    const auto send = [](void* self, const stored_response& found) {
        response answer;
        answer.status = 200;
        answer.stored = &found;
        answer.cache_status = "agora; hit";
        static_cast<connection*>(self)->finish(answer);
    };
    return route_->cache->find_local(request_, send, this);
}

asio::awaitable<response> connection::call_handler()
{
    std::exception_ptr error;
    try {
        if (std::exchange(admission_pending_, false)) {
            auto refusal = co_await admit(loop_.admission, *route_, request_);
            if (!refusal) refusal = refuse_form_of_guest(*route_, request_);
            if (refusal) co_return *std::move(refusal);
        }
        if (route_->cache != nullptr) co_return co_await route_->cache->answer(request_, *route_->handler);
        if (has_idempotency_key()) co_return co_await loop_.idempotency->answer(request_, *route_);
        co_return co_await route_->handler->async(request_);
    } catch (...) {
        error = std::current_exception();
    }
    co_return problem(request_, error, loop_.routes.known_exceptions());
}

/// Parses the header at the front of the buffer. Called again after the buffer has moved, because `request_` holds
/// views into it. Requires: check_head() has accepted the header.
bool connection::read_head()
{
    if (!parse_head(in_.view().substr(0, head_.size), request_)) return false;
    start_request();
    if (peer_) request_.client = loop_.admission.proxies.client_behind(*peer_, request_).write_to(client_text_);
    return true;
}

/// Assigns the request id and the client's address, and starts the clock of the request. Also called for a request that
/// cannot be parsed, so that its refusal is logged with them.
void connection::start_request()
{
    if (!head_parsed_ && request_.request_id.empty()) {
        loop_.next_request_id(request_id_);
        request_.received = std::chrono::steady_clock::now();
    }
    const auto client_id = request_.header("x-request-id");
    request_.request_id =
        is_request_id(client_id) ? client_id : std::string_view{request_id_.data(), request_id_.size()};
    request_.client = peer_name_;
}

/// The response to OPTIONS, including CORS preflights.
response connection::answer_options(const match_result& m) const
{
    response r;
    const auto allowed = allow_list(request_.path == "*" ? ~0U : m.allowed);
    r.headers.emplace_back("Allow", allowed);
    const bool preflight = request_.has_header("access-control-request-method") && !loop_.cors_origins.empty();
    if (!preflight) return r;
    r.headers.emplace_back("Vary", "Access-Control-Request-Method, Access-Control-Request-Headers");
    if (allowed_origin(request_, loop_.cors_origins).empty()) return r;
    r.headers.emplace_back("Access-Control-Allow-Methods", allowed);
    r.headers.emplace_back("Access-Control-Allow-Headers",
                           "Authorization, Content-Encoding, Content-Type, Idempotency-Key, If-Match, If-None-Match, "
                           "X-CSRF-Token, X-Request-Id");
    r.headers.emplace_back("Access-Control-Max-Age", "600");
    return r;
}

/// Responses that need no handler: malformed percent-encoding, unknown paths and methods, OPTIONS, unsupported content
/// codings, and requests that are not admitted. This is the only place that validates the text of the path and the
/// query, and it runs before a cache key is made from them.
std::optional<response> connection::refuse_before_handler(const match_result& m)
{
    if (!is_encoded_text(request_.path) || !is_encoded_text(request_.query)) {
        return problem(
            request_, problems::bad_escape,
            "each % in the path and query must be followed by two hexadecimal digits, and the decoded bytes must be "
            "UTF-8 without NUL");
    }
    if (request_.method == verb::other)
        return problem(request_, problems::not_implemented, "this server does not implement this method");
    if (request_.method == verb::options && (m.allowed != 0 || request_.path == "*")) return answer_options(m);
    if (m.found == nullptr && m.allowed == 0) {
        auto r = problem(request_, problems::not_found, "there is nothing at this path");
        if (!request_.path.starts_with("/api/")) r.headers.emplace_back("Vary", "Accept");
        return r;
    }
    if (m.found == nullptr) {
        auto r = problem(request_, problems::method_not_allowed, "this path does not support this method");
        r.headers.emplace_back("Allow", allow_list(m.allowed));
        return r;
    }
    if ((head_.chunked || head_.content_length > 0) && !coding_of_body(request_)) {
        auto r = problem(request_, problems::unsupported_content_encoding,
                         "send the body uncompressed or compressed with gzip");
        r.headers.emplace_back("Accept-Encoding", "gzip, identity");
        return r;
    }
    auto decided = try_admit(loop_.admission, *m.found, request_);
    admission_pending_ = !decided;
    return decided ? *std::move(decided) : std::nullopt;
}

/// Whether the server is draining and no further request has arrived on this connection. The current response then
/// carries `Connection: close`.
bool connection::is_last_of_drain()
{
    const auto used = head_.size + body_size_ + body_gap_;
    if (!loop_.draining || in_.size() > used) return false;
    boost::system::error_code ec;
    return socket_.available(ec) == 0;
}

/// Encodes the response into the output, logs the request, and drops it from the input buffer.
void connection::finish(response& answer)
{
    if (!head_.keep_alive || is_last_of_drain()) close_after_ = true;
    exchange x;
    x.date_line = loop_.date_line;
    x.elapsed = std::chrono::steady_clock::now() - request_.received;
    x.close = close_after_;
    x.cors_origins = &loop_.cors_origins;
    x.fixed_fields = loop_.fields.of_every_response;
    x.foreign_pictures = loop_.fields.foreign_pictures;
    add_admission_fields(request_, answer);
    const auto sent = encode(out_, request_, answer, x);
    loop_.metrics[route_ != nullptr ? route_->number : loop_.routes.routes().size()].add(sent.status, x.elapsed);
    if (loop_.log.on()) loop_.log.add(request_, sent.status, sent.body.size(), x.elapsed);
    in_.consume(std::min(in_.size(), head_.size + body_size_ + body_gap_));
    if (in_.empty() && sent.body.size() >= min_gather_size) {
        send_behind_output(sent.body);
    } else {
        out_.append(sent.body);
    }
    request_.clear();
    if (!decompressed_.empty()) decompressed_ = {};
    chunks_.reset();
    body_size_ = body_gap_ = 0;
    head_parsed_ = false;
    route_ = nullptr;
    phase_ = phase::handling;
}

/// Responds to a request that violates the protocol. The connection is closed after this response.
void connection::refuse(const problem_code& code, std::string_view detail)
{
    close_after_ = true;
    auto answer = problem(request_, code, detail);
    finish(answer);
}

}  // namespace agora::http
