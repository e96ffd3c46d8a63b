// SPDX-License-Identifier: MIT
// A byte stream to one Redis: TCP, TLS over it, or a Unix socket. It is opened and greeted here, before any command of
// a user may see it.
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

/// To await an operation's error code and result; nothing is thrown.
inline constexpr auto as_result = boost::asio::as_tuple(boost::asio::deferred);

inline steady_time now() noexcept { return std::chrono::steady_clock::now(); }

/// What a server said of itself in its answer to HELLO; RESP2 servers say nothing.
struct server_facts {
    bool resp3 = false;
    std::string version;
    std::string mode;  ///< standalone, cluster or sentinel
    std::string role;
    std::int64_t client_id = 0;
    bool tracked = false;  ///< the greeting's CLIENT TRACKING was taken
};

/// Whether HELLO is said. Proxies such as twemproxy close the connection on a command they do not know; so do others
/// while the server behind them is away, and these must not be taken for such.
enum class hello_use : unsigned char {
    at_once,
    after_ping,  ///< the last connection was closed at HELLO: first find out whether anybody is there
    never,       ///< PING was answered and HELLO was not: RESP2
};

/// What to do on the next connection, after one that failed.
hello_use hello_after(hello_use last, bool hung_up_at_hello) noexcept;

/// What is said on a new connection, before anything else.
struct greeting {
    credentials login;
    std::string name;
    int database = 0;
    std::string tracking;      ///< encoded CLIENT TRACKING; an ACL may refuse it, and RESP2 cannot carry it
    bool master_only = false;  ///< ROLE must say master
    hello_use hello = hello_use::at_once;
};

/// For one event loop. A pending operation keeps nothing alive: hold the link while one runs.
class link {
 public:
    /// `tls` is null without TLS.
    link(const boost::asio::any_io_executor& executor, tls_files* tls);

    /// Connects to the first address of the host that answers. Throws boost::system::system_error.
    boost::asio::awaitable<void> open(const address& to, steady_time deadline, std::chrono::milliseconds user_timeout);

    /// HELLO 3 (or RESP2), AUTH, SELECT and the rest. The error's `what` is not_sent.
    boost::asio::awaitable<std::optional<error>> greet(const greeting& g);

    /// Writes commands and reads as many replies, one after the other. Throws boost::system::system_error.
    using visitor = std::function<void(std::uint32_t index, const resp::value& reply)>;
    boost::asio::awaitable<void> exchange(const std::string& commands, std::uint32_t replies, const visitor& visit);

    /// After greet() threw anything but errc::malformed: the peer closed the connection in place of an answer to HELLO.
    bool hung_up_at_hello() const noexcept { return saying_hello_; }

    const server_facts& facts() const noexcept { return facts_; }
    bool is_tls() const noexcept { return tls_.has_value(); }
    /// Protocol and cipher; empty without TLS.
    std::string tls_facts() const;

    /// Not for TLS. 0 with would_block when the socket takes nothing.
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

    /// Ends all operations.
    void close() noexcept;

 private:
    boost::asio::awaitable<void> connect_tcp(const address& to, steady_time deadline,
                                             std::chrono::milliseconds user_timeout);
    boost::asio::awaitable<std::optional<error>> hello(const greeting& g);
    boost::asio::awaitable<std::optional<error>> authenticate_resp2(const greeting& g);

    boost::asio::generic::stream_protocol::socket socket_;
    std::shared_ptr<connect_race> race_;
    std::shared_ptr<boost::asio::ssl::context> context_;
    std::optional<boost::asio::ssl::stream<boost::asio::generic::stream_protocol::socket&>> tls_;
    server_facts facts_;
    bool saying_hello_ = false;
};

}  // namespace larder::redis
