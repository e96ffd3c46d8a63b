// SPDX-License-Identifier: MIT
// One SQLite connection with its prepared statements, used by one thread at a time. All calls block the thread.
// The driver opens one read-write connection (writer.hpp) and several read-only ones (sqlite.cpp).
#pragma once

#include <sqlite3.h>

#include <agora/storage/db.hpp>
#include <agora/storage/sqlite/sqlite.hpp>
#include <agora/storage/statement_cache.hpp>

namespace agora::storage::sqlite {

/// A prepared statement, and the index of the value that each of its parameters takes. SQLite numbers the parameters of
/// `$2, $1` in the order of appearance, so the names are parsed.
class statement {
 public:
    /// Throws sql_error. `sql` must hold exactly one statement, whose parameters are named $1, $2, ...
    statement(sqlite3* db, std::string_view sql);
    sqlite3_stmt* get() const noexcept { return handle_.get(); }
    void bind(const params& values) const;

 private:
    struct finalizer {
        void operator()(sqlite3_stmt* s) const noexcept { sqlite3_finalize(s); }
    };
    std::unique_ptr<sqlite3_stmt, finalizer> handle_;
    std::vector<std::size_t> value_of_;  // index of the bound value, by SQLite's parameter number - 1
};

/// The number of reader threads; each has a read-only connection of its own.
inline constexpr std::size_t reader_count = 2;

class connection {
 public:
    enum class access { read_write, read_only };

    /// Throws sql_error. A read-only connection requires that a read-write connection has opened the database before.
    connection(const sqlite_options& options, access mode);
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    /// Runs one statement and returns the number of changed rows. Throws sql_error, and whatever the sink throws.
    std::int64_t run(std::string_view sql, const params& bound = params{}, row_sink* sink = nullptr);

    /// Runs a script of several statements, without a time limit.
    void run_script(std::string_view script);

    /// Throws sql_error with errc::read_only when the file was deleted or replaced while the connection was open. Costs
    /// a stat().
    void require_file() const;

    /// Rolls back the open transaction. Does nothing when there is none.
    void roll_back() noexcept;

    /// The total number of rows changed so far.
    std::int64_t changes() const noexcept { return sqlite3_total_changes64(db_.get()); }

    /// The number of statements so far that may have changed something.
    std::uint64_t writes() const noexcept { return writes_; }

    /// False after COMMIT and ROLLBACK, and after an error for which SQLite rolls back by itself (full disk, I/O error,
    /// interrupted write).
    bool in_transaction() const noexcept { return sqlite3_get_autocommit(db_.get()) == 0; }

 private:
    struct closer {
        void operator()(sqlite3* db) const noexcept { sqlite3_close(db); }
    };
    static int out_of_time(void* self) noexcept;
    void configure(const sqlite_options& options, access mode);
    const statement& prepared(std::string_view sql);

    std::unique_ptr<sqlite3, closer> db_;
    statement_cache<statement> statements_;  // declared after db_, so that statements are finalized before it closes
    std::chrono::milliseconds statement_timeout_;
    std::uint64_t writes_ = 0;
    larder::steady_time deadline_ = larder::steady_time::max();
};

}  // namespace agora::storage::sqlite
