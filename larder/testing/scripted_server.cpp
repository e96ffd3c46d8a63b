// SPDX-License-Identifier: MIT
// One thread accepts connections, and a thread per connection reads commands, records them, and sends what the script
// returns. The destructor shuts the sockets down, which ends the threads. Start with serve().
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <larder/testing/scripted_server.hpp>

#include <array>
#include <stdexcept>

namespace larder::testing {

scripted_server::scripted_server(script s)
    : script_{std::move(s)}, listener_{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)}
{
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    const bool listens = bind(listener_, reinterpret_cast<sockaddr*>(&at), size) == 0 && listen(listener_, 64) == 0 &&
                         getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size) == 0;
    if (!listens) throw std::runtime_error{"the scripted server cannot listen"};
    port_ = ntohs(at.sin_port);
    acceptor_ = std::thread{[this] {
        for (;;) {
            const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (socket < 0) return;
            const std::scoped_lock lock{mutex_};
            sockets_.push_back(socket);
            threads_.emplace_back([this, socket, n = accepted_++] { serve(socket, n); });
        }
    }};
}

scripted_server::~scripted_server()
{
    shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    close(listener_);
    for (const int s : sockets_) shutdown(s, SHUT_RDWR);
    for (auto& t : threads_) t.join();
    for (const int s : sockets_) close(s);
}

std::vector<scripted_server::command> scripted_server::commands() const
{
    const std::scoped_lock lock{mutex_};
    return commands_;
}

std::string scripted_server::default_reply(const command& c)
{
    if (c[0] == "HELLO") return "%3\r\n+server\r\n+redis\r\n+version\r\n+7.0.15\r\n+proto\r\n:3\r\n";
    if (c[0] == "PING") return "+PONG\r\n";
    return "+OK\r\n";
}

/// A command is *N followed by N arguments, each of which is $n and its n bytes. Anything else ends the connection.
void scripted_server::serve(int socket, std::size_t number)
{
    std::string input;
    const auto read_more = [&] {
        std::array<char, 4096> piece;
        const auto n = recv(socket, piece.data(), piece.size(), 0);
        if (n > 0) input.append(piece.data(), static_cast<std::size_t>(n));
        return n > 0;
    };
    const auto number_line = [&](char type) -> long {
        std::size_t end = 0;
        while ((end = input.find("\r\n")) == std::string::npos) {
            if (!read_more()) return -1;
        }
        const long n = input[0] == type ? std::stol(input.substr(1, end - 1)) : -1;
        input.erase(0, end + 2);
        return n;
    };
    for (;;) {
        command c;
        const long count = number_line('*');
        for (long i = 0; i < count; ++i) {
            const long size = number_line('$');
            if (size < 0) break;
            while (input.size() < static_cast<std::size_t>(size) + 2 && read_more()) {
            }
            if (input.size() < static_cast<std::size_t>(size) + 2) break;
            c.push_back(input.substr(0, static_cast<std::size_t>(size)));
            input.erase(0, static_cast<std::size_t>(size) + 2);
        }
        if (count <= 0 || c.size() != static_cast<std::size_t>(count)) break;
        {
            const std::scoped_lock lock{mutex_};
            commands_.push_back(c);
        }
        auto answer = script_(c, number);
        const bool last = answer == "close" || answer.ends_with("\r\nclose");
        if (last) answer.resize(answer.size() - 5);
        if (send(socket, answer.data(), answer.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(answer.size())) break;
        if (last) break;
    }
    shutdown(socket, SHUT_RDWR);
}

}  // namespace larder::testing
