// SPDX-License-Identifier: MIT
// The table from SQLSTATE to storage::errc, and the error texts. meaning_of() looks up the longest matching row.
// Source: PostgreSQL 15 documentation, appendix A.
#include <agora/storage/postgres/errors.hpp>

#include <algorithm>
#include <array>

namespace agora::storage::postgres {

namespace {

struct row {
    std::string_view begins;  // a class of two characters, or a whole SQLSTATE
    errc means;
};

constexpr std::array table{
    row{"08", errc::unavailable},  // connection exceptions; poolers also report their own with it
    row{"0A", errc::invalid},      // one exception: see error_of()
    row{"22", errc::bad_value},    // data exceptions: out of range, invalid in the encoding, ...
    row{"22012", errc::invalid},   // division by zero
    row{"23", errc::check_violation},
    row{"23502", errc::not_null_violation},
    row{"23503", errc::foreign_key_violation},
    row{"23505", errc::unique_violation},
    row{"25", errc::invalid},  // invalid transaction state
    row{"25006", errc::read_only},
    row{"25P03", errc::unavailable},  // idle_in_transaction_session_timeout ended the connection
    row{"26", errc::stale_statement},
    row{"28", errc::access_denied},
    row{"3D", errc::access_denied},  // no such database
    row{"3F", errc::access_denied},  // no such schema
    row{"40", errc::conflict},
    row{"40002", errc::check_violation},
    row{"40003", errc::unavailable},  // it is unknown whether the statement completed
    row{"42", errc::invalid},
    row{"42501", errc::access_denied},
    row{"42P05", errc::stale_statement},  // duplicate prepared statement
    row{"53", errc::busy},                // out of memory, too many connections, ...
    row{"53100", errc::full},
    row{"54", errc::too_large},
    row{"55", errc::busy},  // object in use, lock not available
    row{"55000", errc::invalid},
    row{"57", errc::unavailable},  // shutdown, crash, starting up, database dropped, idle too long
    row{"57014", errc::timeout},   // query cancelled by statement_timeout or by an operator
    row{"58", errc::unavailable},  // I/O error
    row{"58P01", errc::corrupt},   // a file of the database is missing
    row{"72", errc::conflict},     // snapshot too old
    row{"F0", errc::unavailable},  // the server's configuration cannot be read
    row{"XX001", errc::corrupt},
    row{"XX002", errc::corrupt},
};

constexpr std::size_t code_length = 5;

/// Verbose messages have the SQLSTATE and a colon after "FATAL:  ", a word that may be translated.
std::string_view sqlstate_in(std::string_view message)
{
    constexpr std::string_view before = ":  ";
    const auto is_code = [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); };
    for (auto at = message.find(before); at != std::string_view::npos; at = message.find(before, at + 1)) {
        const auto code = message.substr(at + before.size(), code_length);
        const auto next = message.substr(std::min(message.size(), at + before.size() + code.size()));
        if (code.size() == code_length && std::ranges::all_of(code, is_code) && next.starts_with(":")) return code;
    }
    return "";
}

constexpr std::string_view pooler_hint =
    "; if a pooler that shares connections between transactions (pgbouncer) is in between, add ?prepare=off to "
    "DATABASE_URL";

std::string on_one_line(std::string text)
{
    // Verbose messages end with the place in the server's source, which is of no use to an operator.
    if (const auto at = text.find("\nLOCATION:"); at != std::string::npos) text.resize(at);
    while (!text.empty() && text.back() == '\n') text.pop_back();
    std::ranges::replace(text, '\n', ' ');
    return text;
}

std::string_view field(const PGresult* r, int which)
{
    const char* text = PQresultErrorField(r, which);
    return text == nullptr ? "" : text;
}

}  // namespace

errc meaning_of(std::string_view sqlstate) noexcept
{
    const row* best = nullptr;
    for (const row& r : table) {
        if (sqlstate.starts_with(r.begins) && (best == nullptr || r.begins.size() > best->begins.size())) best = &r;
    }
    return best == nullptr ? errc::invalid : best->means;
}

sql_error error_of(const PGresult* failed, std::string_view sql)
{
    const auto code = field(failed, PG_DIAG_SQLSTATE);
    const auto primary = field(failed, PG_DIAG_MESSAGE_PRIMARY);
    // Without a SQLSTATE the failure is libpq's own, which means that the connection broke.
    errc why = code.empty() ? errc::unavailable : meaning_of(code);
    // "cached plan must not change result type" has no SQLSTATE of its own, and its text may be translated.
    if (code == "0A000" && field(failed, PG_DIAG_SOURCE_FUNCTION) == "RevalidateCachedQuery")
        why = errc::stale_statement;
    std::string text = "postgresql: ";
    text.append(primary.empty() ? "the statement failed" : primary);
    text.append(" (").append(code.empty() ? to_string(why) : code).append("), in: ").append(sql.substr(0, 200));
    if (why == errc::stale_statement && code != "0A000") text.append(pooler_hint);
    return {why, text};
}

sql_error connect_error(std::string_view message)
{
    const auto code = sqlstate_in(message);
    errc why = code.empty() ? errc::unavailable : meaning_of(code);
    // libpq's own messages when no server fits target_session_attrs.
    for (const auto* not_writable : {"session is read-only", "server is in hot standby mode"}) {
        if (message.find(not_writable) != std::string_view::npos) why = errc::read_only;
    }
    std::string text = "postgresql: " + on_one_line(std::string{message});
    if (message.find("unsupported startup parameter") != std::string_view::npos) text.append(pooler_hint);
    return {why, text};
}

sql_error unavailable(std::string_view why) { return {errc::unavailable, "postgresql: " + std::string{why}}; }

std::string last_message(const PGconn* c) { return on_one_line(PQerrorMessage(c)); }

}  // namespace agora::storage::postgres
