// SPDX-License-Identifier: MIT
// What a database's errors mean to the program. Each driver has one table from its own codes (SQLSTATE, SQLite's result
// codes) to `errc`; everybody above decides by `errc` alone.
#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>

#include <atomic>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

namespace agora::storage {

enum class errc {
    unavailable = 1,        ///< cannot be reached, is starting or stopping, or cannot read its disk; try again later
    read_only,              ///< takes no writes: a standby, a read-only transaction, file or disk
    full,                   ///< has no space left to store what is written
    busy,                   ///< a lock, a queue, memory or a connection stayed taken for too long
    timeout,                ///< the statement ran longer than its limit
    conflict,               ///< concurrent transactions were in each other's way, also when run again
    stale_statement,        ///< a prepared statement is unknown to the server, or its result type has changed
    access_denied,          ///< wrong password, unknown database, missing right: an operator has to act
    corrupt,                ///< what is stored cannot be read: an operator has to restore a backup
    unique_violation,       ///< lets a rule turn a lost race into a conflict
    foreign_key_violation,  ///< names a row that does not exist, or removes one that is named
    not_null_violation,     ///< a column that must have a value has none
    check_violation,        ///< any other constraint
    bad_value,              ///< a value that the column's type or encoding cannot hold
    too_large,              ///< a value or statement beyond what the database can store or run
    invalid,                ///< a mistake in the statement, or an error that has no better place
};

/// The stable snake_case word of a code, as logs and health checks show it.
std::string_view to_string(errc e) noexcept;

const boost::system::error_category& storage_category() noexcept;

inline boost::system::error_code make_error_code(errc e) noexcept { return {static_cast<int>(e), storage_category()}; }

/// A call that the database refused or did not answer. `what()` holds its message and the SQL, never values or
/// passwords.
class sql_error : public boost::system::system_error {
 public:
    sql_error(errc why, const std::string& what) : system_error{make_error_code(why)}, what_{what} {}
    errc reason() const noexcept { return static_cast<errc>(code().value()); }
    const char* what() const noexcept override { return what_.c_str(); }

 private:
    std::string what_;
};

/// What keeps a database from taking writes, as its last calls found it. Thread-safe; one relaxed load per call.
class condition {
 public:
    /// Remembers read_only, full and corrupt; other errors say nothing about the next write.
    void failed(errc why) noexcept;
    void failed(const std::exception_ptr& why) noexcept;

    /// A write was committed. Corruption stays: a write elsewhere in the file does not mend it.
    void wrote() noexcept;

    std::optional<errc> trouble() const noexcept;

 private:
    static constexpr int none = 0;
    std::atomic<int> last_ = none;
};

}  // namespace agora::storage

template <>
struct boost::system::is_error_code_enum<agora::storage::errc> : std::true_type {};
