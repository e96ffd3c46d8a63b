// SPDX-License-Identifier: MIT
// The simulated network between nodes and models of Redis. A node connects to a real Unix socket (door), so that it
// runs the real client; behind the socket, bytes pass through queues in which they can be delayed, split, held back or
// lost. Everything runs on one thread, in virtual time. Start at door.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <larder/resp.hpp>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "model_redis.hpp"

namespace larder::simulation {

namespace asio = boost::asio;
using time_point = std::chrono::steady_clock::time_point;
using randomness = std::mt19937_64;

class wire;

/// Sends the output that the model has for this connection.
void tell(wire& w);

/// One Redis server.
struct server {
    server(std::string run_id, std::function<std::int64_t()> now_us) : model{std::move(run_id), std::move(now_us)} {}
    model_redis model;
    bool alive = true;
    bool refuses_tracking = false;  ///< for requests from now on
    std::vector<std::weak_ptr<wire>> wires;
};

/// The current faults of a node's connections.
struct faults {
    time_point hole_to_server{};  ///< bytes to the server are held back until then
    time_point hole_to_client{};  ///< bytes to the client are held back until then
    time_point late_until{};      ///< until then bytes are delayed by `late`
    std::chrono::milliseconds late{0};
    time_point split_until{};  ///< until then bytes are split into pieces
};

/// The address that a node connects to: a listening Unix socket that forwards to a server.
class door {
 public:
    door(asio::io_context& io, std::string path, randomness& random);
    const std::string& path() const noexcept { return path_; }
    /// Sets the server for new connections.
    void lead_to(std::shared_ptr<server> s) { to_ = std::move(s); }
    const std::shared_ptr<server>& leads_to() const noexcept { return to_; }
    /// Closes all connections. `deliver`: bytes that are on their way to the server still arrive.
    void cut(bool deliver);
    /// Closes it for good, because the node is dead.
    void shut();
    std::size_t connections() const;

    faults now;

 private:
    asio::awaitable<void> accept();

    asio::io_context& io_;
    std::string path_;
    asio::local::stream_protocol::acceptor acceptor_;
    randomness& random_;
    std::shared_ptr<server> to_;
    std::vector<std::weak_ptr<wire>> wires_;
    bool shut_ = false;
};

}  // namespace larder::simulation
