// SPDX-License-Identifier: MIT
// The network between the nodes and the models of Redis: real sockets on the nodes' side, so that the real client runs,
// and behind them queues in which bytes are late, cut in pieces, held or lost.
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

/// What a model has for a connection goes on its way.
void tell(wire& w);

/// One Redis.
struct server {
    server(std::string run_id, std::function<std::int64_t()> now_us) : model{std::move(run_id), std::move(now_us)} {}
    model_redis model;
    bool alive = true;
    bool refuses_tracking = false;  ///< to those who ask from now on
    std::vector<std::weak_ptr<wire>> wires;
};

/// What one node's connections go through.
struct faults {
    time_point hole_to_server{};  ///< nothing arrives before then
    time_point hole_to_client{};
    time_point late_until{};
    std::chrono::milliseconds late{0};
    time_point split_until{};
};

/// A node's way to Redis: a listening Unix socket.
class door {
 public:
    door(asio::io_context& io, std::string path, randomness& random);
    const std::string& path() const noexcept { return path_; }
    /// New connections go there.
    void lead_to(std::shared_ptr<server> s) { to_ = std::move(s); }
    const std::shared_ptr<server>& leads_to() const noexcept { return to_; }
    /// Ends all connections. What is under way to the server may still arrive.
    void cut(bool deliver);
    /// For good: the process behind it is dead.
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
