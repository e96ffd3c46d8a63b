// SPDX-License-Identifier: MIT
// The errc of every result code of SQLite. Extended codes that a later SQLite adds have the meaning of their primary
// code.
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <agora/storage/sqlite/errors.hpp>

#include <cerrno>

namespace agora::storage::sqlite {
namespace {

struct expectation {
    int code;
    errc means;
    int system = 0;
};

constexpr std::array expected{
    expectation{SQLITE_ERROR, errc::invalid},
    expectation{SQLITE_ERROR_SNAPSHOT, errc::invalid},
    expectation{SQLITE_INTERNAL, errc::invalid},
    expectation{SQLITE_PERM, errc::access_denied},
    expectation{SQLITE_ABORT, errc::conflict},
    expectation{SQLITE_ABORT_ROLLBACK, errc::conflict},
    expectation{SQLITE_BUSY, errc::busy},
    expectation{SQLITE_BUSY_RECOVERY, errc::busy},
    expectation{SQLITE_BUSY_SNAPSHOT, errc::busy},
    expectation{SQLITE_BUSY_TIMEOUT, errc::busy},
    expectation{SQLITE_LOCKED, errc::busy},
    expectation{SQLITE_LOCKED_SHAREDCACHE, errc::busy},
    expectation{SQLITE_NOMEM, errc::busy},
    expectation{SQLITE_READONLY, errc::read_only},
    expectation{SQLITE_READONLY_RECOVERY, errc::read_only},
    expectation{SQLITE_READONLY_CANTLOCK, errc::read_only},
    expectation{SQLITE_READONLY_ROLLBACK, errc::read_only},
    expectation{SQLITE_READONLY_DBMOVED, errc::read_only},
    expectation{SQLITE_READONLY_CANTINIT, errc::read_only},
    expectation{SQLITE_READONLY_DIRECTORY, errc::read_only},
    expectation{SQLITE_INTERRUPT, errc::timeout},
    expectation{SQLITE_IOERR, errc::unavailable},
    expectation{SQLITE_IOERR_READ, errc::unavailable},
    expectation{SQLITE_IOERR_SHORT_READ, errc::corrupt},
    expectation{SQLITE_IOERR_WRITE, errc::unavailable},
    expectation{SQLITE_IOERR_WRITE, errc::full, EDQUOT},
    expectation{SQLITE_IOERR_WRITE, errc::read_only, EROFS},
    expectation{SQLITE_IOERR_FSYNC, errc::unavailable, EIO},
    expectation{SQLITE_IOERR_SHMSIZE, errc::full, ENOSPC},
    expectation{SQLITE_IOERR_SHMSIZE, errc::unavailable},
    expectation{SQLITE_IOERR_TRUNCATE, errc::full, EFBIG},
    expectation{SQLITE_IOERR_LOCK, errc::unavailable},
    expectation{SQLITE_IOERR_NOMEM, errc::busy},
    expectation{SQLITE_IOERR_BLOCKED, errc::busy},
    expectation{SQLITE_IOERR_DATA, errc::corrupt},
    expectation{SQLITE_IOERR_CORRUPTFS, errc::corrupt},
    expectation{SQLITE_CORRUPT, errc::corrupt},
    expectation{SQLITE_CORRUPT_INDEX, errc::corrupt},
    expectation{SQLITE_CORRUPT_VTAB, errc::corrupt},
    expectation{SQLITE_NOTFOUND, errc::invalid},
    expectation{SQLITE_FULL, errc::full},
    expectation{SQLITE_CANTOPEN, errc::unavailable},
    expectation{SQLITE_CANTOPEN, errc::full, ENOSPC},
    expectation{SQLITE_CANTOPEN, errc::access_denied, EACCES},
    expectation{SQLITE_CANTOPEN, errc::unavailable, EMFILE},
    expectation{SQLITE_CANTOPEN_ISDIR, errc::unavailable},
    expectation{SQLITE_PROTOCOL, errc::busy},
    expectation{SQLITE_EMPTY, errc::invalid},
    expectation{SQLITE_SCHEMA, errc::conflict},
    expectation{SQLITE_TOOBIG, errc::too_large},
    expectation{SQLITE_CONSTRAINT, errc::check_violation},
    expectation{SQLITE_CONSTRAINT_CHECK, errc::check_violation},
    expectation{SQLITE_CONSTRAINT_TRIGGER, errc::check_violation},
    expectation{SQLITE_CONSTRAINT_UNIQUE, errc::unique_violation},
    expectation{SQLITE_CONSTRAINT_PRIMARYKEY, errc::unique_violation},
    expectation{SQLITE_CONSTRAINT_ROWID, errc::unique_violation},
    expectation{SQLITE_CONSTRAINT_FOREIGNKEY, errc::foreign_key_violation},
    expectation{SQLITE_CONSTRAINT_NOTNULL, errc::not_null_violation},
    expectation{SQLITE_CONSTRAINT_DATATYPE, errc::bad_value},
    expectation{SQLITE_MISMATCH, errc::bad_value},
    expectation{SQLITE_MISUSE, errc::invalid},
    expectation{SQLITE_NOLFS, errc::full},
    expectation{SQLITE_AUTH, errc::access_denied},
    expectation{SQLITE_AUTH_USER, errc::access_denied},
    expectation{SQLITE_FORMAT, errc::corrupt},
    expectation{SQLITE_RANGE, errc::invalid},
    expectation{SQLITE_NOTADB, errc::corrupt},
    // errno is used only where SQLite's code is unspecific.
    expectation{SQLITE_BUSY, errc::busy, ENOSPC},
    expectation{SQLITE_FULL, errc::full, EROFS},
    expectation{99, errc::invalid},
};

TEST(sqlite_errors, each_code_has_a_meaning)
{
    for (const auto& e : expected) {
        EXPECT_EQ(to_string(meaning_of(e.code, e.system)), to_string(e.means)) << e.code << " errno " << e.system;
    }
}

/// The codes from SQLITE_ERROR (1) to SQLITE_NOTADB (26), that is, without those that are not errors.
TEST(sqlite_errors, no_primary_code_is_left_out)
{
    for (int code = SQLITE_ERROR; code <= SQLITE_NOTADB; ++code) {
        const auto* found =
            std::find_if(expected.begin(), expected.end(), [&](const expectation& e) { return e.code == code; });
        EXPECT_NE(found, expected.end()) << code << ": " << sqlite3_errstr(code);
    }
}

}  // namespace
}  // namespace agora::storage::sqlite
