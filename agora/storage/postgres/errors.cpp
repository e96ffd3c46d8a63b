// SPDX-License-Identifier: MIT
#include <agora/storage/postgres/errors.hpp>
#include <algorithm>
#include <larder/result.hpp>

namespace agora::storage::postgres {

std::string_view sqlstate(const PGresult* failed)
{
    const char* code = PQresultErrorField(failed, PG_DIAG_SQLSTATE);
    return code == nullptr ? "" : code;
}

std::exception_ptr error_of(const PGresult* failed, std::string_view sql)
{
    const char* primary = PQresultErrorField(failed, PG_DIAG_MESSAGE_PRIMARY);
    const auto code = sqlstate(failed);
    std::string text = "postgresql: ";
    text += primary == nullptr ? "the statement failed" : primary;
    text.append(" (").append(code).append("), in: ").append(sql.substr(0, 200));

    if (code == "40001" || code == "40P01") return std::make_exception_ptr(conflict{text});
    auto kind = sql_error::kind::other;
    if (code == "23505") kind = sql_error::kind::unique_violation;
    if (code == "57014") kind = sql_error::kind::timeout;  // query_canceled
    if (code == "55P03") kind = sql_error::kind::busy;     // lock_not_available
    return std::make_exception_ptr(sql_error{kind, text});
}

std::exception_ptr unavailable(std::string_view why)
{
    return std::make_exception_ptr(
        boost::system::system_error{larder::errc::unavailable, "postgresql: " + std::string{why}});
}

std::string last_message(const PGconn* c)
{
    std::string text = PQerrorMessage(c);
    while (!text.empty() && text.back() == '\n') text.pop_back();
    std::ranges::replace(text, '\n', ' ');
    return text;
}

}  // namespace agora::storage::postgres
