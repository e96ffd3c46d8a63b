// SPDX-License-Identifier: MIT
// A real redis-server 7.0 for tests: on a free loopback port and on a Unix socket in a temporary folder, removed when
// the test program ends. It has no persistence unless the options ask for it. Start with redis_server and command().
#pragma once

#include <larder/testing/process.hpp>
#include <optional>
#include <string>
#include <vector>

namespace larder::testing {

struct redis_options {
    std::vector<std::string> arguments;      ///< further arguments for redis-server
    std::vector<std::string> environment{};  ///< NAME=VALUE
    /// Serves TLS, with certificates that are made for it: file("ca.crt"), "client.crt", "other_ca.crt"... A client
    /// needs no certificate, unless `arguments` contains --tls-auth-clients yes.
    bool tls = false;
    bool appendonly = false;  ///< writes that were acknowledged survive crash()
};

class redis_server {
 public:
    /// Throws std::runtime_error with the server's output if the server does not start. So does start().
    explicit redis_server(redis_options o = {});

    /// A server without TLS that all tests of this program share, started at the first call.
    static redis_server& shared();

    unsigned short port() const noexcept { return port_; }
    std::string url() const;  ///< redis://127.0.0.1:PORT, or rediss://
    std::filesystem::path file(const std::string& name) const { return folder_.path() / name; }
    std::filesystem::path socket() const { return file("redis.sock"); }

    void crash();  ///< SIGKILL; has no effect on a server that has crashed already
    void start();  ///< starts it again on the same port; waits a while if the port is taken
    void pause() const { signal(SIGSTOP); }
    void resume() const { signal(SIGCONT); }

    /// Runs one command over a connection of its own. Elements of nested replies are separated by line ends. Throws
    /// std::runtime_error with the server's message if it refuses the command.
    std::string command(const std::vector<std::string>& arguments) const;
    const process& running() const { return *server_; }
    pid_t pid() const noexcept { return server_->pid(); }

 private:
    void make_certificates() const;
    std::vector<std::string> command_line() const;
    bool try_start();
    void signal(int s) const;

    redis_options options_;
    temporary_folder folder_;
    unsigned short port_;
    std::optional<process> server_;
    bool crashed_ = false;  // its pid may belong to another process by now
};

/// Like redis_server::command(), for any server with a Unix socket.
std::string redis_command(const std::filesystem::path& socket, const std::vector<std::string>& arguments);

}  // namespace larder::testing
