// SPDX-License-Identifier: MIT
// The SQLite driver. One writer thread gathers the waiting transactions and commits them together (one fsync for all of
// them); reader threads serve reads from their own read-only connections, never blocked by the writer (WAL).
// `synchronous = full`: an acknowledged write survives a power cut. `normal`: a power cut may lose the last writes,
// a crash of the process loses none.
#pragma once

#include <agora/storage/db.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

namespace agora::storage {

struct sqlite_options {
    enum class durability { full, normal };

    std::string path;  ///< a file; its folder exists, the file is made when missing, readable by its owner only
    durability synchronous = durability::full;          ///< see above
    std::size_t readers = 2;                            ///< threads and connections for reads; one per core at most
    std::chrono::milliseconds statement_timeout{5000};  ///< longer statements are interrupted: sql_error timeout
    std::chrono::milliseconds busy_timeout{5000};       ///< wait for another process's lock, then sql_error busy
    std::size_t queue_limit = 10'000;                   ///< units of work that may wait; more: sql_error busy
    std::size_t cached_statements = 256;                ///< prepared statements kept per connection
    std::size_t cache_bytes = 96 << 20;                 ///< of pages: two thirds the writer's, the rest the readers'
};

/// Opens the file and starts the threads. Throws sql_error when it cannot be opened.
std::unique_ptr<database> make_sqlite(const sqlite_options& options);

}  // namespace agora::storage
