// SPDX-License-Identifier: MIT
// A real redis-server 7.0 for tests: on a free loopback port and on a Unix socket in a temporary folder, gone with the
// test program. Without persistence unless asked for.
#pragma once

#include <larder/testing/process.hpp>
#include <optional>
#include <string>
#include <vector>

namespace larder::testing {

struct redis_options {
    std::vector<std::string> arguments;      ///< more of redis-server's own
    std::vector<std::string> environment{};  ///< NAME=VALUE
    /// Certificates are made for it: file("ca.crt"), "client.crt", "other_ca.crt"... A client needs none, unless
    /// `arguments` has --tls-auth-clients yes.
    bool tls = false;
    bool appendonly = false;  ///< what was acknowledged survives crash()
};

class redis_server {
 public:
    /// Throws std::runtime_error with the server's words when it does not start, as start() does.
    explicit redis_server(redis_options o = {});

    /// Plain, of this test program; started at the first call.
    static redis_server& shared();

    unsigned short port() const noexcept { return port_; }
    std::string url() const;  ///< redis://127.0.0.1:PORT, or rediss://
    std::filesystem::path file(const std::string& name) const { return folder_.path() / name; }
    std::filesystem::path socket() const { return file("redis.sock"); }

    void crash();  ///< SIGKILL; nothing when it has crashed already
    void start();  ///< again, on the same port; waits a while for whoever has the port now
    void pause() const { signal(SIGSTOP); }
    void resume() const { signal(SIGCONT); }

    /// One command over a connection of its own; nested replies are joined by line ends. Throws std::runtime_error with
    /// the server's words when it refuses.
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
    bool crashed_ = false;  // its number may be another process's by now
};

/// The same for any server with a Unix socket.
std::string redis_command(const std::filesystem::path& socket, const std::vector<std::string>& arguments);

}  // namespace larder::testing
