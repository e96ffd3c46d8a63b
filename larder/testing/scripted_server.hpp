// SPDX-License-Identifier: MIT
// A server whose every byte is decided by the test: it reads RESP commands and sends what a function returns for each.
// For behaviour that no real Redis shows on demand: odd replies, old protocols, broken streams.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace larder::testing {

class scripted_server {
 public:
    using command = std::vector<std::string>;
    /// Returns what to send for a command of the n-th connection (from 0). "close", alone or after the last line end,
    /// closes the connection.
    using script = std::function<std::string(const command&, std::size_t connection)>;

    explicit scripted_server(script s);
    ~scripted_server();
    scripted_server(const scripted_server&) = delete;
    scripted_server& operator=(const scripted_server&) = delete;

    unsigned short port() const noexcept { return port_; }
    std::size_t connections() const noexcept { return accepted_; }
    /// All commands so far, of all connections, in the order of arrival.
    std::vector<command> commands() const;

    /// Replies to HELLO and PING as a RESP3 server does, and to every other command with OK. For scripts that care
    /// about certain commands only.
    static std::string default_reply(const command& c);

 private:
    void serve(int socket, std::size_t number);

    script script_;
    int listener_;
    unsigned short port_ = 0;
    std::atomic<std::size_t> accepted_ = 0;
    mutable std::mutex mutex_;
    std::vector<command> commands_;
    std::vector<int> sockets_;
    std::vector<std::thread> threads_;
    std::thread acceptor_;
};

}  // namespace larder::testing
