// SPDX-License-Identifier: MIT
// Forward-only migrations: numbered files `NNNN_name.sql`, compiled into the binary, each applied together with its row
// of schema_migrations in one transaction. Any number of processes may migrate at the same time: the row is inserted
// first and its primary key lets one of them through.
// `{identity}` in a file becomes the dialect's self-numbering primary key, `{key}` one of 64 bits that is given.
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
    std::int64_t version = 0;          ///< of the schema afterwards
};

/// One line of `agora migrate --status`.
struct migration_state {
    std::int64_t version = 0;
    std::string name;
    std::optional<larder::timestamp> applied_at;  ///< empty: pending
};

/// Brings the schema up to date. Throws schema_too_new, or what the failing file's statement threw; the files before
/// it stay applied. Requires: the files outlive the call.
asio::awaitable<migration_report> migrate(database& db, std::span<const embedded::file> files = embedded::migrations);

/// Every migration that the program or the database knows, oldest first. Changes nothing.
asio::awaitable<std::vector<migration_state>> migration_status(
    database& db, std::span<const embedded::file> files = embedded::migrations);

}  // namespace agora::storage
