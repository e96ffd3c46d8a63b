// SPDX-License-Identifier: MIT
// Listeners and connections. Start with server::start(), which opens one listener per loop and spawns its two
// coroutines: accept_loop(), which hands each connection to admit() and serve(), and tick_loop(), which checks
// deadlines and flushes the access log. A listener is used only on its loop, except that any thread may read its
// metrics. After drain(), a loop ends when its acceptor is closed and its last connection has finished.
#include <agora/http/problem_codes.hpp>
#include <agora/http/server.hpp>
#include <agora/log.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <larder/timeout.hpp>

namespace agora::http {

using namespace std::chrono_literals;

namespace {

constexpr auto tick_interval = 500ms;
constexpr auto drain_tick_interval = 50ms;
using acceptor_type = asio::basic_socket_acceptor<asio::ip::tcp, asio::io_context::executor_type>;
using reuse_port = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

/// A complete response, for a client whose request is not read.
std::string make_refusal(const problem_code& code, std::string_view detail)
{
    const auto title = reason_phrase(code.status);
    const auto body = fmt::format(R"({{"type":"about:blank","title":"{}","status":{},"detail":"{}","code":"{}"}})"
                                  "\n",
                                  title, code.status, detail, code.name);
    return fmt::format(
        "HTTP/1.1 {} {}\r\nContent-Type: application/problem+json\r\nRetry-After: 1\r\nConnection: close\r\n"
        "Content-Length: {}\r\n\r\n{}",
        code.status, title, body.size(), body);
}

std::optional<ip_address> peer_of(const connection::socket& s)
{
    boost::system::error_code ec;
    const auto peer = s.remote_endpoint(ec);
    if (ec) return std::nullopt;
    const auto text = peer.address().to_string();
    return ip_address::parse(std::string_view{text}.substr(0, text.find('%')));  // without a zone
}

/// Sends as much as the socket accepts without waiting, and closes the connection.
void refuse(connection::socket s, std::string_view answer)
{
    boost::system::error_code ignored;
    s.non_blocking(true, ignored);
    s.write_some(asio::buffer(answer), ignored);
    s.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
}

}  // namespace

struct server::listener {
    listener(std::size_t n, asio::io_context& io, loop_state state)
        : number{n}, acceptor{io.get_executor()}, next_tick{io}, loop{std::move(state)}
    {}
    std::size_t number;
    acceptor_type acceptor;
    asio::steady_timer next_tick;
    larder::steady_time next_accept_warning{};  ///< failures to accept are not logged until then
    loop_state loop;
    boost::intrusive::list<connection, boost::intrusive::constant_time_size<false>> open;
};

server::server(larder::runtime& runtime, const router& routes, server_options options)
    : runtime_{runtime},
      routes_{routes},
      options_{std::move(options)},
      refusal_when_full_{make_refusal(problems::overloaded, "too many connections")},
      refusal_of_network_{make_refusal(problems::too_many_connections, "too many connections from one address")},
      shares_{options_.limits.connections}
{}

server::~server() = default;
std::uint16_t server::port() const noexcept { return port_; }
bool server::draining() const noexcept { return draining_; }
std::size_t server::connections() const noexcept { return connections_; }

traffic server::metrics() const
{
    traffic t;
    t.connections = connections_;
    t.routes.resize(routes_.routes().size() + 1);
    for (const auto& l : listeners_)
        for (std::size_t i = 0; i < t.routes.size(); ++i) l->loop.metrics[i].add_totals_to(t.routes[i]);
    return t;
}

void server::start()
{
    asio::ip::tcp::endpoint at{asio::ip::make_address(options_.host), options_.port};
    for (std::size_t i = 0; i < runtime_.loops(); ++i) {
        auto l = std::make_unique<listener>(i, runtime_.loop(i), loop_state{routes_, options_});
        l->acceptor.open(at.protocol());
        l->acceptor.set_option(asio::socket_base::reuse_address{true});
        // Bind once without SO_REUSEPORT, so that a second server on the same port fails instead of sharing the port.
        if (i == 0 && at.port() != 0) {
            acceptor_type probe{runtime_.loop(i).get_executor()};
            probe.open(at.protocol());
            probe.set_option(asio::socket_base::reuse_address{true});
            probe.bind(at);
            probe.listen(1);
        }
        l->acceptor.set_option(reuse_port{true});
        l->acceptor.bind(at);
        l->acceptor.listen(4096);
        l->acceptor.non_blocking(true);
        at.port(l->acceptor.local_endpoint().port());
        listeners_.push_back(std::move(l));
    }
    port_ = at.port();
    for (auto& l : listeners_) {
        runtime_.spawn(l->number, accept_loop(*l));
        runtime_.spawn(l->number, tick_loop(*l));
    }
}

void server::drain()
{
    if (draining_.exchange(true)) return;
    for (auto& l : listeners_) {
        asio::post(runtime_.loop(l->number), [&l = *l] {
            l.loop.tick();
            l.loop.draining = true;
            l.loop.drain_started = l.loop.now;
            boost::system::error_code ignored;
            l.acceptor.cancel(ignored);
            l.next_tick.cancel();
        });
    }
}

/// Logs at most one failure per minute and loop, because each loop retries ten times a second.
void server::note_accept_failure(listener& l, const boost::system::error_code& ec)
{
    const auto now = std::chrono::steady_clock::now();
    if (now < l.next_accept_warning) return;
    l.next_accept_warning = now + 1min;
    log::warn("accept failed: {}; new connections wait until it succeeds again", ec.message());
}

asio::awaitable<void> server::accept_loop(listener& l)
{
    while (!l.loop.draining) {
        auto [ec, s] = co_await l.acceptor.async_accept(as_result);
        if (!ec) {
            admit(l, std::move(s));
        } else if (ec != asio::error::operation_aborted && ec != asio::error::connection_aborted) {
            note_accept_failure(l, ec);  // most likely out of file descriptors
            co_await larder::sleep_for(100ms);
        }
    }
    // The kernel has already accepted the connections in the backlog, and they may contain requests: serve them.
    boost::system::error_code ec;
    for (;;) {
        auto s = l.acceptor.accept(ec);
        if (ec) break;
        admit(l, std::move(s));
    }
    l.acceptor.close(ec);
}

void server::admit(listener& l, connection::socket s)
{
    const auto peer = peer_of(s);
    if (!peer) return;  // the peer has already closed the connection
    if (connections_ >= options_.limits.connections) {
        refuse(std::move(s), refusal_when_full_);
        return;
    }
    // A proxy serves many clients, so it has no share.
    const bool shared = options_.admission.proxies.contains(*peer);
    const auto network = connection_shares::network_of(*peer);
    if (!shared && !shares_.take(network)) {
        refuse(std::move(s), refusal_of_network_);
        return;
    }
    ++connections_;
    runtime_.spawn(l.number, serve(l, std::move(s), network, !shared));
}

asio::awaitable<void> server::serve(listener& l, connection::socket s, connection_shares::network network, bool counted)
{
    struct connection_guard {
        server& of;
        const connection_shares::network& network;
        bool counted;
        ~connection_guard()
        {
            --of.connections_;
            if (counted) of.shares_.release(network);
        }
    };
    const connection_guard guard{*this, network, counted};
    connection c{std::move(s), l.loop};
    l.open.push_back(c);
    co_await c.run();
}

asio::awaitable<void> server::tick_loop(listener& l)
{
    while (!(l.loop.draining && !l.acceptor.is_open() && l.open.empty())) {
        l.next_tick.expires_after(l.loop.draining ? drain_tick_interval : tick_interval);
        co_await l.next_tick.async_wait(as_result);
        l.loop.tick();
        for (auto& c : l.open) c.tick();
        l.loop.log.flush();
    }
}

}  // namespace agora::http
