// SPDX-License-Identifier: MIT
// A real PostgreSQL cluster for tests: made by initdb in a temporary folder, on a free loopback port, and removed when
// the test program ends. It does not sync to disk. Under root it runs as the user `postgres`, because PostgreSQL
// refuses to run as root.
#pragma once

#include <larder/testing/process.hpp>
#include <optional>
#include <string>

namespace larder::testing {

/// How to run a server that refuses to run as root: as the user `postgres`, who becomes the owner of `folder`. If this
/// process does not run as root, the server runs as the same user.
process_options unprivileged_owner_of(const std::filesystem::path& folder);

class postgres_server {
 public:
    /// Takes about two seconds. Throws std::runtime_error if PostgreSQL 15 is missing or does not start.
    postgres_server();

    /// A standby that follows `primary`, made from a base backup of it. It serves reads, and after promote() also
    /// writes.
    explicit postgres_server(const postgres_server& primary);
    void promote();

    /// The cluster that all tests of this program share, started at the first call.
    static postgres_server& shared();

    /// Makes an empty database and returns its URL. The URL contains a password, which this server does not ask for.
    std::string create_database();

    /// Runs a statement as the superuser, in the database `postgres`. Throws std::runtime_error if it fails.
    void execute(const std::string& sql) const;

    unsigned short port() const noexcept { return port_; }

    /// Ends the server at once, as a crash would. start() starts it again on the same port.
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
