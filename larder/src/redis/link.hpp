// SPDX-License-Identifier: MIT
// One socket to a Redis server: TCP, TLS over TCP, or a Unix socket. open() connects it and handshake() performs the
// handshake, before any command of a user is sent. A link is never reopened; a connection replaces it.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <functional>
#include <larder/redis/options.hpp>
#include <larder/redis/outcome.hpp>
#include <larder/resp.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "connect_race.hpp"
#include "tls_files.hpp"

namespace larder::redis {

/// Awaiting an operation with this token returns its error code and result; nothing is thrown.
inline constexpr auto as_result = boost::asio::as_tuple(boost::asio::deferred);

inline steady_time now() noexcept { return std::chrono::steady_clock::now(); }

/// What a server reported about itself in its reply to HELLO. RESP2 servers report nothing.
struct server_facts {
    bool resp3 = false;
    std::string version;
    std::string mode;  ///< standalone, cluster or sentinel
    std::string role;
    std::int64_t client_id = 0;
    bool tracked = false;  ///< the server accepted the handshake's CLIENT TRACKING
};

/// Whether HELLO is sent. Proxies such as twemproxy close the connection when they receive a command that they do not
/// know. Other proxies close it while the server behind them is down, and the two must not be confused.
enum class hello_use : unsigned char {
    at_once,
    after_ping,  ///< the last connection was closed at HELLO: first check whether the server replies at all
    never,       ///< PING got a reply but HELLO did not: use RESP2
};

/// How to use HELLO on the next connection, after one that failed.
hello_use hello_after(hello_use last, bool closed_at_hello) noexcept;

/// The handshake: what is sent on a new connection before anything else.
struct handshake_options {
    credentials login;
    std::string name;
    int database = 0;
    std::string tracking;      ///< encoded CLIENT TRACKING; an ACL may refuse it, and RESP2 does not support it
    bool master_only = false;  ///< ROLE must reply "master"
    hello_use hello = hello_use::at_once;
};

/// Belongs to one event loop. A pending operation does not keep the link alive, so the caller must.
class link {
 public:
    /// `tls` is null for a connection without TLS.
    link(const boost::asio::any_io_executor& executor, tls_files* tls);

    /// Connects to the first address of the host that responds, and starts TLS. Throws boost::system::system_error.
    boost::asio::awaitable<void> open(const address& to, steady_time deadline, std::chrono::milliseconds user_timeout);

    /// HELLO 3 (or RESP2), AUTH, SELECT and the rest. Returns the server's refusal, with outcome not_sent. Throws
    /// boost::system::system_error if the connection fails.
    boost::asio::awaitable<std::optional<error>> handshake(const handshake_options& o);

    /// Called for each reply; the value lives for the call.
    using visitor = std::function<void(std::uint32_t index, const resp::value& reply)>;
    /// Writes the commands and then reads `replies` replies. Throws boost::system::system_error.
    boost::asio::awaitable<void> exchange(const std::string& commands, std::uint32_t replies, const visitor& visit);

    /// After handshake() threw anything but errc::malformed: the peer closed the connection instead of replying to
    /// HELLO.
    bool closed_at_hello() const noexcept { return awaiting_hello_; }

    const server_facts& facts() const noexcept { return facts_; }
    bool is_tls() const noexcept { return tls_.has_value(); }
    /// Protocol and cipher; empty without TLS.
    std::string tls_facts() const;

    /// Writes what the socket accepts. Not for TLS. Returns 0 with would_block if it accepts nothing.
    std::size_t try_write(std::string_view bytes, boost::system::error_code& ec);

    template <class Token>
    auto async_read(std::span<char> to, Token&& token)
    {
        const boost::asio::mutable_buffer buffer{to.data(), to.size()};
        return boost::asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(
            [this, buffer](auto handler) {
                if (tls_) {
                    tls_->async_read_some(buffer, std::move(handler));
                } else {
                    socket_.async_read_some(buffer, std::move(handler));
                }
            },
            token);
    }

    template <class Token>
    auto async_write(std::string_view bytes, Token&& token)
    {
        const boost::asio::const_buffer buffer{bytes.data(), bytes.size()};
        return boost::asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(
            [this, buffer](auto handler) {
                if (tls_) {
                    tls_->async_write_some(buffer, std::move(handler));
                } else {
                    socket_.async_write_some(buffer, std::move(handler));
                }
            },
            token);
    }

    /// Bytes that were written and that the peer's kernel has not acknowledged yet.
    std::size_t unacknowledged() noexcept;

    /// Closes the socket and ends all operations.
    void close() noexcept;

 private:
    boost::asio::awaitable<void> connect_tcp(const address& to, steady_time deadline,
                                             std::chrono::milliseconds user_timeout);
    boost::asio::awaitable<std::optional<error>> send_hello(const handshake_options& o);
    boost::asio::awaitable<std::optional<error>> authenticate_resp2(const handshake_options& o);

    boost::asio::generic::stream_protocol::socket socket_;
    std::shared_ptr<connect_race> race_;
    std::shared_ptr<boost::asio::ssl::context> context_;
    std::optional<boost::asio::ssl::stream<boost::asio::generic::stream_protocol::socket&>> tls_;
    server_facts facts_;
    bool awaiting_hello_ = false;
};

}  // namespace larder::redis
