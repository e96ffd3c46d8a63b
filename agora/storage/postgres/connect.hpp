// SPDX-License-Identifier: MIT
// Opening libpq connections without blocking the loop, and the socket of an open one as Asio sees it.
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

/// What a connection is for; the server enforces it.
enum class role {
    reads,         ///< read-only, with the statement timeout, never on a standby
    transactions,  ///< with the statement timeout, only on a server that takes writes
    scripts,       ///< without any limit, only on a server that takes writes
};

/// Whether statements are prepared once per connection. `off` is for poolers that hand each transaction to another
/// server connection: statements have no name, and every transaction carries its settings itself.
enum class preparing : bool { off, on };

/// The servers' addresses and the settings of every connection, read once from the URL.
class target {
 public:
    /// Throws std::invalid_argument when the URL cannot be read.
    explicit target(const postgres_options& options);

    /// postgresql://user@host:port/name, without the password.
    std::string describe() const;

    preparing statements() const noexcept { return statements_; }
    const postgres_options& options() const noexcept { return options_; }

    /// The settings that a connection of this role has for its statements; with `preparing::off` an SQL query that
    /// makes them for one transaction, otherwise empty, since the connection has them.
    std::string settings_of_a_transaction(role r) const;

    /// A connected, non-blocking connection to the first server that answers and fits the role. Host names are resolved
    /// each time, and each address has the whole timeout; the address that answered last comes first. Throws sql_error:
    /// read_only when only servers that take no writes answer.
    asio::awaitable<connection_handle> connect(role r) const;

 private:
    struct server {
        std::string host;     // a name, an address, or the folder of a socket
        std::string address;  // numeric; empty: libpq finds it by the host
        std::string port;
    };
    std::vector<server> servers() const;
    asio::awaitable<std::vector<server>> addresses() const;
    asio::awaitable<connection_handle> connect_to(const server& s, role r) const;
    std::string setting(const std::string& name, std::string_view fallback) const;

    std::map<std::string, std::string> settings_;  // libpq keyword to value
    postgres_options options_;
    preparing statements_ = preparing::on;
    mutable std::mutex mutex_;
    mutable std::string answered_last_;  // its address
};

/// libpq's socket, watched by Asio but closed by libpq only.
class watched_socket {
 public:
    using descriptor = asio::posix::stream_descriptor;
    watched_socket(const asio::any_io_executor& executor, PGconn* c) : descriptor_{executor, PQsocket(c)} {}
    ~watched_socket() { release(); }
    watched_socket(const watched_socket&) = delete;
    watched_socket& operator=(const watched_socket&) = delete;
    descriptor* operator->() noexcept { return &descriptor_; }
    /// Ends the watch; waits end with an error. To be called as soon as libpq reports a failure: it has closed the
    /// socket then, and the next connection may get the same number.
    void release() { descriptor_.release(); }

 private:
    descriptor descriptor_;
};

/// Runs a script of several statements in one transaction on a connection that is not in pipeline mode.
asio::awaitable<void> run_script(PGconn* c, std::string_view script);

}  // namespace agora::storage::postgres
