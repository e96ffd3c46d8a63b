// SPDX-License-Identifier: MIT
// What a database's errors mean to the program. Each driver has one table that maps its own codes (SQLSTATE, SQLite
// result codes) to `errc`. All code above the drivers decides by `errc` alone.
#pragma once

#include <boost/describe/enum.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>

#include <atomic>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

namespace agora::storage {

enum class errc {
    unavailable = 1,        ///< cannot be reached, is starting or stopping, or cannot read its disk; retry later
    read_only,              ///< accepts no writes: a standby, or a read-only transaction, file or disk
    full,                   ///< has no space left for what is to be written
    busy,                   ///< a lock, the queue, memory or a connection was not available in time
    timeout,                ///< the statement ran longer than its limit
    conflict,               ///< a conflict with concurrent transactions, which retries did not resolve
    stale_statement,        ///< a prepared statement is unknown to the server, or its result type has changed
    access_denied,          ///< wrong password, unknown database or missing privilege; an operator has to act
    corrupt,                ///< the stored data cannot be read; an operator has to restore a backup
    unique_violation,       ///< a unique constraint; lets a caller report a lost race as a conflict
    foreign_key_violation,  ///< refers to a row that does not exist, or deletes a row that others refer to
    not_null_violation,     ///< a column that must have a value has none
    check_violation,        ///< any other constraint
    bad_value,              ///< a value that the column's type or encoding cannot hold
    too_large,              ///< a value or statement beyond what the database can store or run
    invalid,                ///< a mistake in the statement, or an error that fits no other code
};
BOOST_DESCRIBE_ENUM(errc, unavailable, read_only, full, busy, timeout, conflict, stale_statement, access_denied,
                    corrupt, unique_violation, foreign_key_violation, not_null_violation, check_violation, bad_value,
                    too_large, invalid)

/// The stable snake_case name of a code, as logs and health checks show it.
std::string_view to_string(errc e) noexcept;

const boost::system::error_category& storage_category() noexcept;

inline boost::system::error_code make_error_code(errc e) noexcept { return {static_cast<int>(e), storage_category()}; }

/// A call that the database rejected or did not answer. `what()` holds the database's message and the SQL, but never
/// values or passwords.
class sql_error : public boost::system::system_error {
 public:
    sql_error(errc why, const std::string& what) : system_error{make_error_code(why)}, what_{what} {}
    errc reason() const noexcept { return static_cast<errc>(code().value()); }
    const char* what() const noexcept override { return what_.c_str(); }

 private:
    std::string what_;
};

/// The reason why the database accepts no writes, as the latest calls found it. Thread-safe; one relaxed load per call.
class condition {
 public:
    /// Records read_only, full and corrupt. Other errors say nothing about the next write and are ignored.
    void failed(errc why) noexcept;
    void failed(const std::exception_ptr& why) noexcept;

    /// Call after a committed write. Does not clear `corrupt`, because a successful write elsewhere in the file repairs
    /// nothing.
    void wrote() noexcept;

    std::optional<errc> write_error() const noexcept;

 private:
    static constexpr int none = 0;
    std::atomic<int> last_ = none;
};

}  // namespace agora::storage

template <>
struct boost::system::is_error_code_enum<agora::storage::errc> : std::true_type {};
