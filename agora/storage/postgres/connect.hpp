// SPDX-License-Identifier: MIT
// Opens libpq connections without blocking the event loop, and lets Asio wait on the socket of an open connection.
// target holds what the URL says; target::connect() is the entry point. A target is thread-safe, a connection is not.
#pragma once

#include <libpq-fe.h>

#include <agora/storage/postgres/postgres.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <map>
#include <mutex>
#include <vector>

namespace agora::storage::postgres {

struct connection_closer {
    void operator()(PGconn* c) const noexcept { PQfinish(c); }
};
using connection_handle = std::unique_ptr<PGconn, connection_closer>;

struct result_clearer {
    void operator()(PGresult* r) const noexcept { PQclear(r); }
};
using result_handle = std::unique_ptr<PGresult, result_clearer>;

/// The purpose of a connection. The server enforces its limits.
enum class role {
    reads,         ///< read-only, with the statement timeout, never on a standby
    transactions,  ///< with the statement timeout, only on a server that accepts writes
    scripts,       ///< without timeouts, only on a server that accepts writes
};

/// Whether statements are prepared once per connection. `off` is for poolers that may assign every transaction to a
/// different server connection: statements then have no name, and every transaction sets its own limits.
enum class prepared_statements : bool { off, on };

/// The servers' addresses and the settings of every connection, parsed once from the URL.
class target {
 public:
    /// Throws std::invalid_argument when the URL cannot be parsed.
    explicit target(const postgres_options& options);

    /// postgresql://user@host:port/name, without the password.
    std::string describe() const;

    prepared_statements statements() const noexcept { return statements_; }
    const postgres_options& options() const noexcept { return options_; }

    /// With `prepared_statements::off`: an SQL query that applies this role's settings to one transaction. Otherwise
    /// empty, because the connection itself has the settings.
    std::string transaction_settings(role r) const;

    /// Opens a non-blocking connection to the first server that answers and fits the role. Host names are resolved on
    /// every call, and each address gets the whole timeout. The address that answered last is tried first. Throws
    /// sql_error, with errc::read_only when every server that answers accepts no writes.
    asio::awaitable<connection_handle> connect(role r) const;

 private:
    struct server {
        std::string host;     // a name, an address, or the directory of a Unix socket
        std::string address;  // numeric; empty: libpq resolves `host`
        std::string port;
    };
    std::vector<server> servers() const;
    asio::awaitable<std::vector<server>> addresses() const;
    asio::awaitable<connection_handle> connect_to(const server& s, role r) const;
    std::string setting(const std::string& name, std::string_view fallback) const;

    std::map<std::string, std::string> settings_;  // by libpq keyword
    postgres_options options_;
    prepared_statements statements_ = prepared_statements::on;
    mutable std::mutex mutex_;
    mutable std::string last_server_;  // address, host and port of that server
};

/// libpq's socket. Asio waits on it, but only libpq closes it.
class watched_socket {
 public:
    using descriptor = asio::posix::stream_descriptor;
    watched_socket(const asio::any_io_executor& executor, PGconn* c) : descriptor_{executor, PQsocket(c)} {}
    ~watched_socket() { release(); }
    watched_socket(const watched_socket&) = delete;
    watched_socket& operator=(const watched_socket&) = delete;
    descriptor* operator->() noexcept { return &descriptor_; }
    /// Stops waiting on the socket; pending waits end with an error. Call it as soon as libpq reports a failure,
    /// because libpq has then closed the socket, and a new connection may get the same descriptor number.
    void release() { descriptor_.release(); }

 private:
    descriptor descriptor_;
};

/// Runs a script of several statements in one transaction on a connection that is not in pipeline mode.
asio::awaitable<void> run_script(PGconn* c, std::string_view script);

}  // namespace agora::storage::postgres
