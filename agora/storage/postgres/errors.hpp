// SPDX-License-Identifier: MIT
// What PostgreSQL's errors become: the one table from SQLSTATE to storage::errc. The texts hold the server's message
// and the SQL, never values or the password.
#pragma once

#include <libpq-fe.h>

#include <agora/storage/error.hpp>

namespace agora::storage::postgres {

/// The longest row of the table that `sqlstate` begins with decides; an unknown class is `invalid`.
errc meaning_of(std::string_view sqlstate) noexcept;

/// The error of a failed statement.
sql_error error_of(const PGresult* failed, std::string_view sql);

/// The error of a connection that could not be made, from libpq's message in verbose form, which has the SQLSTATE if
/// the server was the one that refused.
sql_error connect_error(std::string_view message);

/// The connection is lost: errc::unavailable.
sql_error unavailable(std::string_view why);

/// libpq's last words about a connection, on one line.
std::string last_message(const PGconn* c);

}  // namespace agora::storage::postgres
