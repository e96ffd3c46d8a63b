// SPDX-License-Identifier: MIT
// One HTTP/1.1 connection: reads, serves every complete request in its buffer, sends all answers that are ready in
// one write. Steady state of a keep-alive GET: epoll_wait, recv, send; no allocation. A connection belongs to one
// loop. It arms no timers: it notes a deadline, and its loop looks at all deadlines twice a second.
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

/// To await an operation's error code and result; nothing is thrown.
inline constexpr auto as_result = asio::as_tuple(asio::deferred);

struct server_limits {
    std::size_t connections = 10'000;            ///< per process; over it: 503
    framing_limits head;                         ///< 414 and 431
    std::chrono::seconds header_deadline{5};     ///< from the first byte of a request to the end of its header: 408
    std::chrono::seconds idle{60};               ///< between requests, then closed
    std::chrono::seconds stall{10};              ///< a body or an answer that does not move: 408, or closed
    std::size_t least_rate = 500;                ///< bytes a second that it moves by, after `stall`: the same
    std::chrono::milliseconds drain_grace{300};  ///< at shutdown, how long an idle connection may still ask
};

/// What all connections of one loop share. Lives as long as the server.
class loop_state {
 public:
    loop_state(const router& r, const server_limits& l, const std::vector<std::string>& cors, const admission_rules& a,
               idempotency* repeated, const access_sink& sink);

    /// Refreshes the coarse clock and the Date field.
    void tick();
    /// 16 hexadecimal digits, unique in this process and unlikely to meet another's.
    void next_request_id(std::array<char, 16>& out) noexcept;

    const router& routes;
    const server_limits& limits;
    const std::vector<std::string>& cors_origins;
    const admission_rules& admission;
    http::idempotency* idempotency;  ///< null: keys are ignored
    access_log log;
    larder::steady_time now{};  ///< at most half a second old
    std::string date_line;
    std::unique_ptr<route_metrics[]> metrics;  ///< by route::number; behind them, of no route
    bool draining = false;
    larder::steady_time drain_started{};

 private:
    std::uint64_t id_seed_;
};

class connection : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
    using socket = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;

    connection(socket s, loop_state& loop);

    /// Serves until either side closes. Never throws for what the peer does.
    asio::awaitable<void> run();

    /// Called twice a second: ends what is past its deadline.
    void tick();

 private:
    enum class phase { idle, head, body, handling, writing, lingering };
    enum class step { need_input, call_handler, flush, close };

    step serve_buffered();
    step take_request();
    step take_body();
    bool unpack_body();
    step dispatch();
    bool answer_from_cache();
    bool is_repeatable() const;
    response answer_options(const match_result& m) const;
    std::optional<response> refuse_before_handler(const match_result& m);
    bool read_head();
    void start_request();
    void finish(response& answer);
    void refuse(unsigned status, std::string_view code, std::string_view detail);
    bool last_of_drain();

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
    std::optional<ip_address> peer_;  // when it is a trusted proxy: it tells each request's client
    ip_address::text_buffer peer_text_{};
    std::string_view peer_name_;  // in peer_text_
    ip_address::text_buffer client_text_{};
    std::array<char, 16> request_id_{};

    request request_;
    head_facts head_;
    const route* route_ = nullptr;
    std::optional<chunked_decoder> chunks_;
    std::string unpacked_;       // the body of a request that was sent in gzip
    std::size_t body_size_ = 0;  // payload bytes behind the header in in_
    std::size_t body_gap_ = 0;   // raw bytes behind the payload that belong to the request
    bool head_taken_ = false;    // check_head() has passed for the request at the front of in_
    bool close_after_ = false;   // no more requests on this connection
    bool expired_ = false;
    bool undecided_ = false;  // whether the request may pass has to be asked elsewhere

    phase phase_ = phase::idle;
    larder::steady_time deadline_{};
    std::size_t left_ = 0;  // of the transfer that start_transfer() began, when it was last looked at
};

}  // namespace agora::http
