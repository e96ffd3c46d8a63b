// SPDX-License-Identifier: MIT
// One HTTP/1.1 connection. Start with run(), which repeats three steps: serve every complete request in the buffer
// (serve_buffered()), send all responses that are ready in one write, and read more bytes. A keep-alive GET in the
// steady state costs epoll_wait, recv and send, and no allocation. A connection belongs to one loop and is used only
// there. It arms no timers: it stores a deadline, and its loop checks the deadlines of all connections twice a second.
#pragma once

#include <agora/http/access_log.hpp>
#include <agora/http/admission.hpp>
#include <agora/http/chunked.hpp>
#include <agora/http/encoder.hpp>
#include <agora/http/framing.hpp>
#include <agora/http/idempotency.hpp>
#include <agora/http/input_buffer.hpp>
#include <agora/http/route_metrics.hpp>
#include <agora/http/router.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/intrusive/list.hpp>
#include <chrono>
#include <functional>

namespace agora::http {

/// Completion token: the awaited operation returns its error code and result as a tuple and does not throw.
inline constexpr auto as_result = asio::as_tuple(asio::deferred);

struct server_limits {
    std::size_t connections = 10'000;         ///< open connections per process; 503 above it
    framing_limits head;                      ///< 414 and 431 above them
    std::chrono::seconds header_deadline{5};  ///< from a request's first byte to the end of its header; then 408
    std::chrono::seconds idle{60};            ///< without a request; then the connection is closed
    /// How long the transfer of a body or a response may make no progress. Then a body gets 408, and a connection whose
    /// client does not read is closed.
    std::chrono::seconds stall{10};
    /// The lowest average rate of such a transfer, in bytes per second, once `stall` has passed. A slower transfer ends
    /// in the same way.
    std::size_t min_rate = 500;
    std::chrono::milliseconds drain_grace{300};  ///< at shutdown, how long an idle connection may still send requests
};

struct response_fields;
struct server_options;

/// The state that all connections of one loop share. Lives as long as the server.
class loop_state {
 public:
    /// Requires: both outlive this.
    loop_state(const router& r, const server_options& o);

    /// Refreshes the coarse clock and the Date field.
    void tick();
    /// Writes an id of 16 hexadecimal digits: unique in this loop, and very unlikely to equal an id of another loop or
    /// process.
    void next_request_id(std::array<char, 16>& out) noexcept;

    const router& routes;
    const server_limits& limits;
    const std::vector<std::string>& cors_origins;
    const response_fields& fields;
    const admission_rules& admission;
    http::idempotency* idempotency;  ///< null: Idempotency-Key is ignored
    access_log log;
    larder::steady_time now{};  ///< at most half a second old
    std::string date_line;
    std::unique_ptr<route_metrics[]> metrics;  ///< by route::number; the last element: requests that matched no route
    bool draining = false;
    larder::steady_time drain_started{};

 private:
    std::uint64_t id_seed_;
};

class connection : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
    using socket = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;

    connection(socket s, loop_state& loop);

    /// Serves requests until either side closes the connection. Never throws because of what the peer sends or does.
    asio::awaitable<void> run();

    /// Called by the loop twice a second, and more often during a drain: cancels the current operation when its
    /// deadline has passed.
    void tick();

 private:
    enum class phase { idle, head, body, handling, writing, lingering };
    enum class step { need_input, call_handler, flush, close };

    step serve_buffered();
    step take_request();
    step take_body();
    bool decompress_body();
    step dispatch();
    bool answer_from_cache();
    bool has_idempotency_key() const;
    response answer_options(const match_result& m) const;
    std::optional<response> refuse_before_handler(const match_result& m);
    bool read_head();
    void start_request();
    void finish(response& answer);
    void refuse(const problem_code& code, std::string_view detail);
    bool is_last_of_drain();

    asio::mutable_buffer make_room();
    asio::awaitable<bool> read();
    bool read_again_without_waiting();
    bool flush_now();
    asio::awaitable<bool> flush_rest();
    void send_behind_output(std::string_view body);
    void clear_output();
    asio::awaitable<void> linger();
    asio::awaitable<response> call_handler();
    void set_deadline(phase p, std::chrono::steady_clock::duration d) noexcept;
    void start_transfer(phase p, std::size_t left) noexcept;
    void note_progress(std::size_t left) noexcept;
    std::size_t unacknowledged() noexcept;
    step wait_for_body(std::size_t left) noexcept;

    socket socket_;
    loop_state& loop_;
    input_buffer in_;
    std::string out_;
    std::size_t sent_ = 0;
    std::optional<ip_address> peer_;  // set only for a trusted proxy, whose header names the client of each request
    ip_address::text_buffer peer_text_{};
    std::string_view peer_name_;  // the peer's address as text; points into peer_text_
    ip_address::text_buffer client_text_{};
    std::array<char, 16> request_id_{};

    request request_;
    head_facts head_;
    const route* route_ = nullptr;
    std::optional<chunked_decoder> chunks_;
    std::string decompressed_;        // the decompressed body of a request that was sent with gzip
    std::size_t body_size_ = 0;       // payload bytes in in_, directly after the header
    std::size_t body_gap_ = 0;        // raw bytes of the request (chunk framing) in in_, directly after the payload
    bool head_parsed_ = false;        // the header of the request at the front of in_ has passed check_head()
    bool close_after_ = false;        // close the connection after the current response
    bool expired_ = false;            // tick() has cancelled the current operation
    bool admission_pending_ = false;  // try_admit() could not decide; call_handler() awaits admit()

    phase phase_ = phase::idle;
    larder::steady_time deadline_{};
    std::size_t left_ = 0;  // bytes of the current transfer that were left at the last note_progress()
};

}  // namespace agora::http
