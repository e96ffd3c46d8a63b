// SPDX-License-Identifier: MIT
// The PostgreSQL driver: libpq, non-blocking, in pipeline mode. Each event loop has one connection that all its reads
// share (read-only, each statement for itself, sent as it comes and answered in order) and a few exclusive ones for
// transactions, opened when needed. A lost connection fails the statements on it; the next call connects again. So it
// does after a failover to a server that takes no writes: transactions go only where writes are taken, reads never to a
// standby, and of several hosts in the URL the first that fits is taken. Calls are made on the loops' threads.
#pragma once

#include <agora/storage/db.hpp>
#include <chrono>
#include <cstddef>
#include <larder/runtime.hpp>
#include <memory>
#include <string>

namespace agora::storage {

struct postgres_options {
    std::string url;  ///< postgresql://user:password@host:port,host:port/name?sslmode=...&prepare=off; the last is for
                      ///< poolers that share connections between transactions
    std::chrono::milliseconds connect_timeout{2000};    ///< for each address: TCP, TLS, authentication
    std::chrono::milliseconds statement_timeout{5000};  ///< enforced by the server; sql_error timeout. A wait for a
                                                        ///< lock ends after 3/5 of it: sql_error busy
    std::size_t transaction_connections = 4;            ///< per loop; further transactions queue
    std::size_t queue_limit = 10'000;                   ///< statements in flight on a shared connection, and
                                                        ///< transactions that wait, per loop; more: sql_error busy
    std::size_t cached_statements = 256;                ///< prepared statements kept per connection
};

/// Connects at the first call. Throws std::invalid_argument when the URL cannot be read (the text never shows it).
/// The runtime outlives the database.
std::unique_ptr<database> make_postgres(const postgres_options& options, larder::runtime& loops);

}  // namespace agora::storage
