// SPDX-License-Identifier: MIT
// Maps PostgreSQL's errors to storage::errc with one table of SQLSTATEs. The texts contain the server's message and the
// SQL, but never values or the password.
#pragma once

#include <libpq-fe.h>

#include <agora/storage/error.hpp>

namespace agora::storage::postgres {

/// The longest row of the table that is a prefix of `sqlstate` decides; an unknown class is `invalid`.
errc meaning_of(std::string_view sqlstate) noexcept;

/// The error of a failed statement.
sql_error error_of(const PGresult* failed, std::string_view sql);

/// The error of a failed attempt to connect, from libpq's message in verbose form. The message contains the SQLSTATE if
/// the server rejected the connection.
sql_error connect_error(std::string_view message);

/// An error with errc::unavailable, for a lost connection.
sql_error unavailable(std::string_view why);

/// libpq's last error message about a connection, on one line.
std::string last_message(const PGconn* c);

}  // namespace agora::storage::postgres
