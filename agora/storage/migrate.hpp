// SPDX-License-Identifier: MIT
// Forward-only migrations: numbered files `NNNN_name.sql`, compiled into the binary. Each file is applied in one
// transaction together with its row in schema_migrations. Several processes may migrate at the same time: the row is
// inserted first, and its primary key lets only one of them proceed.
// In a file, `{identity}` is replaced by the dialect's auto-increment primary key, and `{key}` by a 64-bit primary key
// whose value the program supplies.
#pragma once

#include <agora/embedded.hpp>
#include <agora/storage/db.hpp>
#include <span>

namespace agora::storage {

/// The database was migrated by a newer program than this one.
class schema_too_new : public std::runtime_error {
 public:
    schema_too_new(std::int64_t database_version, std::int64_t program_version);
};

/// What migrate() did.
struct migration_report {
    std::vector<std::string> applied;  ///< file names, in order; empty when there was nothing to do
    std::int64_t version = 0;          ///< version of the schema afterwards
};

/// One row of the output of `agora migrate --status`.
struct migration_state {
    std::int64_t version = 0;
    std::string name;
    std::optional<larder::timestamp> applied_at;  ///< empty while the migration is pending
};

/// Brings the schema up to date. Throws schema_too_new, or the error of the statement that failed; the files before the
/// failing one stay applied. Requires: the files outlive the call.
asio::awaitable<migration_report> migrate(database& db, std::span<const embedded::file> files = embedded::migrations);

/// Every migration that the program or the database knows, oldest first. Changes nothing.
asio::awaitable<std::vector<migration_state>> migration_status(
    database& db, std::span<const embedded::file> files = embedded::migrations);

}  // namespace agora::storage
