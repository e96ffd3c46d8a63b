// SPDX-License-Identifier: MIT
// Starts redis-server in a temporary folder and sends it commands over its Unix socket. plain_connection speaks RESP by
// itself, without larder, so that tests do not check the client with its own code. Start with redis_server::try_start()
// and redis_command().
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <larder/testing/redis_server.hpp>

#include <array>
#include <cstring>
#include <stdexcept>

namespace larder::testing {
namespace {

/// A blocking connection, as simple as possible, with an implementation of the protocol that is independent of
/// larder's.
class plain_connection {
 public:
    explicit plain_connection(const std::filesystem::path& path)
        : socket_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)}
    {
        sockaddr_un to{};
        to.sun_family = AF_UNIX;
        std::strncpy(to.sun_path, path.c_str(), sizeof to.sun_path - 1);
        const timeval limit{.tv_sec = 20, .tv_usec = 0};
        setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        if (connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) {
            close(socket_);
            throw std::runtime_error{"cannot connect to " + path.string()};
        }
    }
    ~plain_connection() { close(socket_); }
    plain_connection(const plain_connection&) = delete;
    plain_connection& operator=(const plain_connection&) = delete;

    void write(const std::string& bytes) const
    {
        for (std::size_t done = 0; done < bytes.size();) {
            const auto n = send(socket_, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
            if (n <= 0) throw std::runtime_error{"the server closed the connection"};
            done += static_cast<std::size_t>(n);
        }
    }

    std::string read_reply()
    {
        const auto line = read_line();
        const auto rest = line.substr(1);
        switch (line[0]) {
            case '-':
                throw std::runtime_error{rest};
            case '$': {
                const auto size = std::stol(rest);
                if (size < 0) return "(nil)";
                auto text = read(static_cast<std::size_t>(size) + 2);
                text.resize(static_cast<std::size_t>(size));
                return text;
            }
            case '*': {
                std::string all;
                for (long n = std::stol(rest); n > 0; --n) (all += read_reply()) += n > 1 ? "\n" : "";
                return all;
            }
            default:
                return rest;
        }
    }

 private:
    std::string read_line()
    {
        while (input_.find("\r\n") == std::string::npos) fill();
        const auto end = input_.find("\r\n");
        auto line = input_.substr(0, end);
        input_.erase(0, end + 2);
        return line;
    }
    std::string read(std::size_t n)
    {
        while (input_.size() < n) fill();
        auto text = input_.substr(0, n);
        input_.erase(0, n);
        return text;
    }
    void fill()
    {
        std::array<char, 16384> piece;
        const auto n = recv(socket_, piece.data(), piece.size(), 0);
        if (n <= 0) throw std::runtime_error{"the server closed the connection or does not answer"};
        input_.append(piece.data(), static_cast<std::size_t>(n));
    }

    int socket_;
    std::string input_;
};

}  // namespace

redis_server::redis_server(redis_options o) : options_{std::move(o)}, port_{free_port()}
{
    if (options_.tls) make_certificates();
    // Another process may have taken the port meanwhile.
    for (int attempts = 5; !try_start(); port_ = free_port()) {
        if (--attempts == 0) throw std::runtime_error{"redis-server did not start: " + server_->output()};
    }
}

redis_server& redis_server::shared()
{
    static redis_server instance;
    return instance;
}

std::string redis_server::url() const
{
    return (options_.tls ? "rediss://127.0.0.1:" : "redis://127.0.0.1:") + std::to_string(port_);
}

std::vector<std::string> redis_server::command_line() const
{
    const auto folder = folder_.path().string();
    std::vector<std::string> command{"/usr/bin/env"};
    command.insert(command.end(), options_.environment.begin(), options_.environment.end());
    command.insert(command.end(), {"/usr/bin/redis-server", "--dir", folder, "--unixsocket", socket(), "--save", "",
                                   "--enable-debug-command", "yes", "--bind", "127.0.0.1"});
    const auto number = std::to_string(port_);
    if (options_.tls) {
        command.insert(command.end(),
                       {"--port", "0", "--tls-port", number, "--tls-cert-file", file("server.crt"), "--tls-key-file",
                        file("server.key"), "--tls-ca-cert-file", file("ca.crt"), "--tls-auth-clients", "optional"});
    } else {
        command.insert(command.end(), {"--port", number});
    }
    if (options_.appendonly) command.insert(command.end(), {"--appendonly", "yes", "--appendfsync", "always"});
    command.insert(command.end(), options_.arguments.begin(), options_.arguments.end());
    return command;
}

/// False if the port is taken.
bool redis_server::try_start()
{
    server_.emplace(command_line());
    crashed_ = false;
    // The last line that the server prints at its start: both sockets are open.
    if (server_->wait_for_output("now ready to accept connections at")) return true;
    if (server_->output().find("Address already in use") != std::string::npos) return false;
    throw std::runtime_error{"redis-server did not start: " + server_->output()};
}

void redis_server::start()
{
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (!try_start()) {
        if (std::chrono::steady_clock::now() > end)
            throw std::runtime_error{"redis-server did not start: " + server_->output()};
        std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
}

void redis_server::crash()
{
    signal(SIGKILL);
    server_->wait();
    crashed_ = true;
}

void redis_server::signal(int s) const
{
    if (!crashed_) server_->kill(s);
}

std::string redis_server::command(const std::vector<std::string>& arguments) const
{
    return redis_command(socket(), arguments);
}

std::string redis_command(const std::filesystem::path& socket, const std::vector<std::string>& arguments)
{
    std::string bytes = "*" + std::to_string(arguments.size()) + "\r\n";
    for (const auto& a : arguments) bytes += "$" + std::to_string(a.size()) + "\r\n" + a + "\r\n";
    plain_connection c{socket};
    c.write(bytes);
    return c.read_reply();
}

/// Two certificate authorities, the first of which certifies the server and a client.
void redis_server::make_certificates() const
{
    const auto openssl = [this](std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), "/usr/bin/openssl");
        run_program(arguments, {.folder = folder_.path()});
    };
    const std::vector<std::string> key{"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"};
    for (const std::string ca : {"ca", "other_ca"}) {
        std::vector<std::string> request{"req",       "-x509",   "-days",     "2",    "-subj",
                                         "/CN=" + ca, "-keyout", ca + ".key", "-out", ca + ".crt"};
        request.insert(request.end(), key.begin(), key.end());
        openssl(request);
    }
    for (const std::string name : {"server", "client"}) {
        std::vector<std::string> request{
            "req",     "-subj",       "/CN=" + name, "-addext",    "subjectAltName=IP:127.0.0.1,DNS:localhost",
            "-keyout", name + ".key", "-out",        name + ".csr"};
        request.insert(request.end(), key.begin(), key.end());
        openssl(request);
        openssl({"x509", "-req", "-days", "2", "-in", name + ".csr", "-CA", "ca.crt", "-CAkey", "ca.key",
                 "-CAcreateserial", "-copy_extensions", "copy", "-out", name + ".crt"});
    }
}

}  // namespace larder::testing
