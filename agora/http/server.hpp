// SPDX-License-Identifier: MIT
// The HTTP server: one SO_REUSEPORT listener per event loop, each with its own connections.
//
//     http::server s{runtime, routes, options};
//     s.start();                                // throws when the address cannot be bound
//     runtime.on_stop([&] { s.drain(); });
//     runtime.run();
#pragma once

#include <agora/http/connection.hpp>
#include <agora/http/connection_shares.hpp>
#include <atomic>
#include <larder/runtime.hpp>
#include <memory>
#include <string>
#include <vector>

namespace agora::http {

struct response_fields {
    std::string of_every_response;  ///< header lines, such as HSTS
    bool foreign_pictures = false;  ///< whether pages may load pictures of other sites over https
};

struct server_options {
    std::string host = "127.0.0.1";
    std::uint16_t port = 8080;  ///< 0: any free port, see server::port()
    server_limits limits;
    std::vector<std::string> cors_origins;  ///< empty: no CORS; "*": any origin
    response_fields fields;
    admission_rules admission;                 ///< authentication and trusted proxies
    http::idempotency* idempotency = nullptr;  ///< null: Idempotency-Key is ignored
    access_sink log;                           ///< without write(): no access log
};

/// Construct, start and drain it on one thread. Must outlive runtime::run().
class server {
 public:
    server(larder::runtime& runtime, const router& routes, server_options options);
    ~server();

    /// Opens the listeners. Throws boost::system::system_error when the address is in use or not of this machine.
    void start();
    std::uint16_t port() const noexcept;

    /// Starts a graceful shutdown and returns at once: connections in the listen backlog are still accepted, received
    /// requests are still served, the last response of each connection carries `Connection: close`, and idle
    /// connections may send requests for another limits.drain_grace.
    void drain();
    bool draining() const noexcept;
    std::size_t connections() const noexcept;
    traffic metrics() const;

 private:
    struct listener;
    asio::awaitable<void> accept_loop(listener& l);
    asio::awaitable<void> tick_loop(listener& l);
    asio::awaitable<void> serve(listener& l, connection::socket s, connection_shares::network network, bool counted);
    void admit(listener& l, connection::socket s);
    void note_accept_failure(listener& l, const boost::system::error_code& ec);

    larder::runtime& runtime_;
    const router& routes_;
    server_options options_;
    const std::string refusal_when_full_;
    const std::string refusal_of_network_;  ///< which has its share of connections
    std::vector<std::unique_ptr<listener>> listeners_;
    connection_shares shares_;
    std::atomic<std::size_t> connections_ = 0;
    std::atomic<bool> draining_ = false;
    std::uint16_t port_ = 0;
};

}  // namespace agora::http
