// SPDX-License-Identifier: MIT
// The table from SQLite's result codes to storage::errc. meaning_of() prefers the errno of the operating system for I/O
// errors, then the row of the extended code, then the row of the primary code.
#include <agora/storage/sqlite/errors.hpp>

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace agora::storage::sqlite {

namespace {

struct row {
    int code;
    errc means;
};

// Extended codes are listed only where their meaning differs from that of their primary code, and before it.
constexpr std::array table{
    row{SQLITE_CONSTRAINT_UNIQUE, errc::unique_violation},
    row{SQLITE_CONSTRAINT_PRIMARYKEY, errc::unique_violation},
    row{SQLITE_CONSTRAINT_ROWID, errc::unique_violation},
    row{SQLITE_CONSTRAINT_FOREIGNKEY, errc::foreign_key_violation},
    row{SQLITE_CONSTRAINT_NOTNULL, errc::not_null_violation},
    row{SQLITE_CONSTRAINT_DATATYPE, errc::bad_value},
    row{SQLITE_CONSTRAINT, errc::check_violation},

    row{SQLITE_IOERR_NOMEM, errc::busy},
    row{SQLITE_IOERR_BLOCKED, errc::busy},
    row{SQLITE_IOERR_DATA, errc::corrupt},        // a page's checksum is wrong
    row{SQLITE_IOERR_CORRUPTFS, errc::corrupt},   // the file system reports that it is damaged
    row{SQLITE_IOERR_SHORT_READ, errc::corrupt},  // the file ends in the middle of a page
    row{SQLITE_IOERR, errc::unavailable},

    row{SQLITE_FULL, errc::full},
    row{SQLITE_NOLFS, errc::full},  // larger than the file system allows
    row{SQLITE_READONLY, errc::read_only},
    row{SQLITE_BUSY, errc::busy},
    row{SQLITE_LOCKED, errc::busy},
    row{SQLITE_PROTOCOL, errc::busy},  // many attempts to take the WAL's lock failed
    row{SQLITE_NOMEM, errc::busy},
    row{SQLITE_INTERRUPT, errc::timeout},  // the progress handler, after the deadline
    row{SQLITE_ABORT, errc::conflict},
    row{SQLITE_SCHEMA, errc::conflict},  // the schema kept changing while the statement was being prepared
    row{SQLITE_CORRUPT, errc::corrupt},
    row{SQLITE_NOTADB, errc::corrupt},
    row{SQLITE_FORMAT, errc::corrupt},
    row{SQLITE_CANTOPEN, errc::unavailable},
    row{SQLITE_PERM, errc::access_denied},
    row{SQLITE_AUTH, errc::access_denied},
    row{SQLITE_TOOBIG, errc::too_large},
    row{SQLITE_MISMATCH, errc::bad_value},

    row{SQLITE_ERROR, errc::invalid},
    row{SQLITE_INTERNAL, errc::invalid},
    row{SQLITE_NOTFOUND, errc::invalid},
    row{SQLITE_EMPTY, errc::invalid},
    row{SQLITE_MISUSE, errc::invalid},
    row{SQLITE_RANGE, errc::invalid},
};

/// The errno of the operating system is more precise than "I/O error" and "cannot open".
constexpr std::array system_table{
    row{ENOSPC, errc::full},        row{EDQUOT, errc::full},          row{EFBIG, errc::full},
    row{EROFS, errc::read_only},    row{EACCES, errc::access_denied}, row{EPERM, errc::access_denied},
    row{EMFILE, errc::unavailable}, row{ENFILE, errc::unavailable},
};

template <std::size_t N>
const row* find(const std::array<row, N>& in, int code) noexcept
{
    const auto* found = std::find_if(in.begin(), in.end(), [&](const row& r) { return r.code == code; });
    return found == in.end() ? nullptr : found;
}

}  // namespace

errc meaning_of(int extended, int system) noexcept
{
    constexpr int primary_bits = 0xff;
    const int primary = extended & primary_bits;
    const bool of_the_system = primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN;
    const row* r = of_the_system && system != 0 ? find(system_table, system) : nullptr;
    if (r == nullptr) r = find(table, extended);
    if (r == nullptr) r = find(table, primary);
    return r == nullptr ? errc::invalid : r->means;
}

}  // namespace agora::storage::sqlite
