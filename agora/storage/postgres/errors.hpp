// SPDX-License-Identifier: MIT
// What PostgreSQL's refusals become: sql_error for a statement, errc::unavailable for a connection. The texts hold the
// server's message and the SQL, never values or the password.
#pragma once

#include <libpq-fe.h>

#include <agora/storage/db.hpp>

namespace agora::storage::postgres {

/// Serialization failure or deadlock: the transaction may be run again.
class conflict final : public sql_error {
 public:
    explicit conflict(const std::string& what) : sql_error{kind::busy, what} {}
};

/// The SQLSTATE of a failed result; empty when the failure is libpq's own.
std::string_view sqlstate(const PGresult* failed);

std::exception_ptr error_of(const PGresult* failed, std::string_view sql);

/// The connection is lost or could not be made: boost::system::system_error, errc::unavailable.
std::exception_ptr unavailable(std::string_view why);

/// libpq's last words about a connection, on one line.
std::string last_message(const PGconn* c);

}  // namespace agora::storage::postgres
