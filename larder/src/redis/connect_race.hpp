// SPDX-License-Identifier: MIT
// Connects to the first of a host's addresses that responds. An attempt starts when the previous one has failed, or has
// not completed within 250 ms, and runs beside it. The first attempt that connects wins, and the others are closed. An
// address that drops all packets therefore costs a quarter of a second and not the whole time-out.
// Source: RFC 8305, "Happy Eyeballs Version 2", sections 4 and 5.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <list>
#include <memory>
#include <vector>

namespace larder::redis {

/// The resolver's order, with IPv4 and IPv6 addresses alternating, beginning with the family of the first address.
std::vector<boost::asio::ip::tcp::endpoint> interleaved(const std::vector<boost::asio::ip::tcp::endpoint>& resolved);

/// Belongs to one event loop. Hold it by shared_ptr.
class connect_race : public std::enable_shared_from_this<connect_race> {
 public:
    using socket = boost::asio::generic::stream_protocol::socket;

    /// `prepare` sets options on each socket before it connects.
    connect_race(boost::asio::any_io_executor executor, std::vector<boost::asio::ip::tcp::endpoint> endpoints,
                 std::function<void(int socket)> prepare);

    /// Returns the connected socket. Throws boost::system::system_error: the last failure if no address connects,
    /// operation_aborted after cancel(). Must be called only once.
    boost::asio::awaitable<socket> run();
    void cancel();

 private:
    void start_next();
    void start_next_later();
    void ended(socket& s, boost::system::error_code ec);
    void finish(socket* winner);

    boost::asio::any_io_executor executor_;
    std::vector<boost::asio::ip::tcp::endpoint> endpoints_;
    std::function<void(int)> prepare_;
    std::list<socket> sockets_;  // a list, because pending attempts hold references
    std::size_t next_ = 0;
    std::size_t pending_ = 0;
    bool over_ = false;
    socket* winner_ = nullptr;
    boost::system::error_code failure_;
    boost::asio::steady_timer stagger_;
    boost::asio::steady_timer end_;
};

}  // namespace larder::redis
