// SPDX-License-Identifier: MIT
// The SQLite driver. One writer thread collects the waiting transactions and commits them together, with one fsync for
// all of them. Reader threads serve reads from read-only connections of their own; in WAL mode the writer never blocks
// them. `synchronous = full`: an acknowledged write survives a power failure. `normal`: a power failure may lose the
// latest writes, but a crash of the process loses none.
#pragma once

#include <agora/storage/db.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

namespace agora::storage {

struct sqlite_options {
    enum class durability { full, normal };

    std::string path;  ///< a file in an existing directory; created when missing, readable by its owner only
    durability synchronous = durability::full;          ///< see above
    std::chrono::milliseconds statement_timeout{5000};  ///< longer statements are interrupted: errc::timeout
    std::chrono::milliseconds busy_timeout{5000};       ///< how long to wait for another process's lock: errc::busy
    std::size_t queue_limit = 10'000;                   ///< maximum of waiting units of work; beyond it errc::busy
    std::size_t cached_statements = 256;                ///< prepared statements kept per connection
    std::size_t cache_bytes = 96 << 20;                 ///< page cache: 2/3 for the writer, the rest for the readers
};

/// Opens the file and starts the threads. Throws sql_error when the file cannot be opened.
std::unique_ptr<database> make_sqlite(const sqlite_options& options);

}  // namespace agora::storage
