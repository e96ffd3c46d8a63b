// SPDX-License-Identifier: MIT
// Runs PostgreSQL's own programs: initdb or pg_basebackup makes the data folder, and postgres serves it with settings
// that favour speed. All of them run as unprivileged_owner_of() says. Start with the constructors and start().
#include <pwd.h>
#include <unistd.h>
#include <array>
#include <larder/testing/postgres_server.hpp>

#include <stdexcept>

namespace larder::testing {

namespace {

const std::string programs = "/usr/lib/postgresql/15/bin/";

}  // namespace

process_options unprivileged_owner_of(const std::filesystem::path& folder)
{
    process_options options;
    options.folder = folder;
    options.end_signal = SIGQUIT;  // "immediate shutdown": unlike SIGKILL it leaves no shared memory behind
    if (geteuid() != 0) return options;
    passwd entry{};
    passwd* user = nullptr;
    std::array<char, 4096> strings{};
    getpwnam_r("postgres", &entry, strings.data(), strings.size(), &user);
    if (user == nullptr) throw std::runtime_error{"there is no user postgres"};
    options.user = user->pw_uid;
    options.group = user->pw_gid;
    if (chown(folder.c_str(), options.user, options.group) != 0) throw std::runtime_error{"chown failed"};
    return options;
}

postgres_server::postgres_server() : run_as_{unprivileged_owner_of(folder_.path())}, port_{free_port()}
{
    const std::string data = folder_.path() / "data";
    run_program({programs + "initdb", "-D", data, "-U", "agora", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"},
                run_as_);
    start();
}

postgres_server::postgres_server(const postgres_server& primary)
    : run_as_{unprivileged_owner_of(folder_.path())}, port_{free_port()}
{
    run_program({programs + "pg_basebackup", "-D", folder_.path() / "data", "-h", "127.0.0.1", "-p",
                 std::to_string(primary.port_), "-U", "agora", "-R", "-c", "fast", "-N"},
                run_as_);
    start();
}

void postgres_server::promote() { execute("SELECT pg_promote(true, 20)"); }

void postgres_server::execute(const std::string& sql) const
{
    run_program({"/usr/bin/psql", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", std::to_string(port_), "-U",
                 "agora", "-d", "postgres", "-c", sql},
                run_as_);
}

postgres_server& postgres_server::shared()
{
    static postgres_server instance;
    return instance;
}

void postgres_server::start()
{
    std::vector<std::string> command{programs + "postgres", "-D", folder_.path() / "data", "-p", std::to_string(port_)};
    // synchronous_commit stays on, because a crash may not lose what a test has committed.
    for (const auto* setting :
         {"listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "full_page_writes=off",
          "max_connections=200", "shared_buffers=32MB", "log_min_messages=log"}) {
        command.insert(command.end(), {"-c", setting});
    }
    server_.emplace(command, run_as_);
    if (!server_->wait_for_output("ready to accept ")) {
        throw std::runtime_error{"PostgreSQL did not start: " + server_->output()};
    }
}

void postgres_server::crash()
{
    server_->kill(SIGQUIT);
    server_->wait();
}

std::string postgres_server::create_database()
{
    const auto name = "test" + std::to_string(++databases_);
    run_program({programs + "createdb", "-h", "127.0.0.1", "-p", std::to_string(port_), "-U", "agora", name}, run_as_);
    return "postgresql://agora:not_shown@127.0.0.1:" + std::to_string(port_) + "/" + name;
}

}  // namespace larder::testing
