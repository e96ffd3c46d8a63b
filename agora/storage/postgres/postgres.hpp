// SPDX-License-Identifier: MIT
// The PostgreSQL driver: libpq, non-blocking, in pipeline mode. Each event loop has one connection that all its reads
// share (read-only; statements are sent as they arrive and answered in order), and a few exclusive ones for
// transactions, which are opened on demand. A lost connection fails the statements on it, and the next call reconnects.
// The driver also reconnects when a failover leaves it on a server that accepts no writes. Of several hosts in the URL
// it takes the first that fits: transactions need a server that accepts writes, and reads never use a standby. Call it
// on the loops' threads.
#pragma once

#include <agora/storage/db.hpp>
#include <chrono>
#include <cstddef>
#include <larder/runtime.hpp>
#include <memory>
#include <string>

namespace agora::storage {

struct postgres_options {
    std::string url;  ///< postgresql://user:password@host:port,host:port/name?sslmode=...&prepare=off; `prepare=off` is
                      ///< for poolers that share connections between transactions
    std::chrono::milliseconds connect_timeout{2000};    ///< per address: TCP, TLS and authentication
    std::chrono::milliseconds statement_timeout{5000};  ///< enforced by the server; then sql_error with errc::timeout.
                                                        ///< Waiting for a lock ends after 3/5 of it, with errc::busy
    std::size_t transaction_connections = 4;            ///< per loop; further transactions queue
    std::size_t queue_limit = 10'000;     ///< per loop: maximum of statements in flight on a connection, and of waiting
                                          ///< transactions; beyond it, sql_error with errc::busy
    std::size_t cached_statements = 256;  ///< prepared statements kept per connection
};

/// Connects on the first call. Throws std::invalid_argument when the URL cannot be parsed; the text never contains the
/// URL. Requires: the runtime outlives the database.
std::unique_ptr<database> make_postgres(const postgres_options& options, larder::runtime& loops);

}  // namespace agora::storage
