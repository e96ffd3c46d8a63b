// SPDX-License-Identifier: MIT
// A real PostgreSQL cluster for tests: made by initdb in a temporary folder, on a free loopback port, gone with the
// test program. It does not sync to disk. As root it runs as the user `postgres`, which PostgreSQL insists on.
#pragma once

#include <larder/testing/process.hpp>
#include <optional>
#include <string>

namespace larder::testing {

/// How to run a server that refuses to be root: as the user `postgres`, who then owns `folder`, or as ourselves when we
/// are not root.
process_options unprivileged_owner_of(const std::filesystem::path& folder);

class postgres_server {
 public:
    /// Takes about two seconds. Throws std::runtime_error when there is no PostgreSQL 15 or it does not start.
    postgres_server();

    /// A standby that follows `primary`, from a base backup of it. It serves reads; promote() makes it take writes.
    explicit postgres_server(const postgres_server& primary);
    void promote();

    /// The cluster of this test program, started at the first call.
    static postgres_server& shared();

    /// A new empty database; returns its URL, with a password in it (which this server does not ask for).
    std::string create_database();

    /// Runs a statement as the superuser, in the database `postgres`. Throws std::runtime_error when it fails.
    void execute(const std::string& sql) const;

    unsigned short port() const noexcept { return port_; }

    /// Ends it at once, as a crash would. start() brings it back on the same port.
    void crash();
    void start();

 private:
    temporary_folder folder_;
    process_options run_as_;
    unsigned short port_;
    int databases_ = 0;
    std::optional<process> server_;
};

}  // namespace larder::testing
