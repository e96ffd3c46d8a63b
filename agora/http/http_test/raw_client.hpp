// SPDX-License-Identifier: MIT
// For tests: a blocking HTTP/1.1 client that sends bytes unchanged and returns responses as received. Start with get(),
// or with send() and answer(). Bytes that belong to a later response stay in `got_`.
#pragma once

#include <sys/socket.h>
#include <sys/time.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace agora::http {

class raw_client {
 public:
    explicit raw_client(std::uint16_t port) : socket_{io_}
    {
        socket_.connect({boost::asio::ip::make_address("127.0.0.1"), port});
        const timeval limit{60, 0};
        ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    }
    void send(std::string_view bytes) { boost::asio::write(socket_, boost::asio::buffer(bytes)); }

    /// Reads one response: the header and, if `with_body`, the body of Content-Length bytes. Empty: the server has
    /// closed the connection.
    std::string answer(bool with_body = true)
    {
        while (got_.find("\r\n\r\n") == std::string::npos) {
            if (!more()) return std::exchange(got_, {});
        }
        const auto head = got_.find("\r\n\r\n") + 4;
        std::size_t length = 0;
        if (const auto at = got_.find("Content-Length: "); with_body && at < head)
            length = std::stoul(got_.substr(at + 16));
        while (got_.size() < head + length) {
            if (!more()) return std::exchange(got_, {});
        }
        auto one = got_.substr(0, head + length);
        got_.erase(0, head + length);
        return one;
    }
    std::string get(std::string_view path, std::string_view fields = {})
    {
        send("GET " + std::string{path} + " HTTP/1.1\r\nHost: t\r\n" + std::string{fields} + "\r\n");
        return answer();
    }
    bool at_end() { return got_.empty() && !more(); }

 private:
    bool more()
    {
        char chunk[65536];
        const auto n = ::recv(socket_.native_handle(), chunk, sizeof chunk, 0);
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) throw std::runtime_error{"no response within 60 s"};
        if (n > 0) got_.append(chunk, static_cast<std::size_t>(n));
        return n > 0;
    }
    boost::asio::io_context io_;
    boost::asio::ip::tcp::socket socket_;
    std::string got_;
};

}  // namespace agora::http
