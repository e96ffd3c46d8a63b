// SPDX-License-Identifier: MIT
// A database that is full, read-only, damaged, or refuses the connection: what clients, probes and the operator see,
// and that the server recovers by itself.
#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "tests/e2e/agora_process.hpp"

namespace agora::e2e {
namespace {

using larder::testing::postgres_server;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

answer post(const agora_process& server, std::size_t body_size)
{
    std::string body;
    // Different words, because databases compress.
    for (std::uint64_t n = 1; body.size() < body_size; n = n * 6364136223846793005U + 1)
        body += std::to_string(n) + " ";
    return call(server.port(), "POST", "/api/posts", as_operator, R"({"title":"t","body":")" + body + R"("})");
}

/// Creates posts until one is refused, and returns that response.
answer fill(const agora_process& server)
{
    for (int i = 0; i < 2000; ++i) {
        auto a = post(server, 60'000);
        if (a.status != 201) return a;
    }
    throw std::runtime_error{"the database did not fill up"};
}

void expect_refused(const answer& a, const std::string& code)
{
    EXPECT_EQ(a.status, 503) << a.body;
    EXPECT_THAT(a.body, HasSubstr("\"code\":\"" + code + "\""));
    EXPECT_FALSE(a.field("Retry-After").empty());
}

/// Expects that reads still work and that the probes report the reason.
void expect_reported(const agora_process& server, const std::string& reason)
{
    EXPECT_EQ(call(server.port(), "GET", "/api/posts?limit=3").status, 200);
    EXPECT_EQ(call(server.port(), "GET", "/live").status, 200);
    const auto ready = call(server.port(), "GET", "/ready");
    EXPECT_EQ(ready.status, 503);
    EXPECT_THAT(ready.body, HasSubstr("database " + reason));
    const auto deep = call(server.port(), "GET", "/health/deep");
    EXPECT_EQ(deep.status, 503);
    EXPECT_THAT(deep.body, HasSubstr(R"("name":"database","status":"degraded","reason":")" + reason + "\""));
}

/// Expects that the server becomes ready within 5 s without any write, and then accepts writes.
void expect_recovered(const agora_process& server)
{
    const auto deadline = std::chrono::steady_clock::now() + 5s;
    int status = 0;
    while (status != 200 && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::yield();
        status = call(server.port(), "GET", "/ready").status;
    }
    EXPECT_EQ(status, 200);
    EXPECT_EQ(call(server.port(), "GET", "/health/deep").status, 200);
    EXPECT_EQ(post(server, 10).status, 201);
}

/// A file system of a few megabytes. Only root can mount one.
class small_disk {
 public:
    explicit small_disk(const char* size)
        : mounted_{mount("tmpfs", folder_.path().c_str(), "tmpfs", 0, (std::string{"size="} + size).c_str()) == 0}
    {}
    ~small_disk()
    {
        if (mounted_) umount2(folder_.path().c_str(), MNT_DETACH);
    }
    small_disk(const small_disk&) = delete;
    small_disk& operator=(const small_disk&) = delete;
    bool there() const { return mounted_; }
    const std::filesystem::path& path() const { return folder_.path(); }

    /// Uses up the free space.
    void fill() const
    {
        std::ofstream out{path() / "filler", std::ios::binary};
        const std::string block(4096, 'x');
        while (out.write(block.data(), static_cast<std::streamsize>(block.size()))) {
        }
    }
    void free() const { std::filesystem::remove(path() / "filler"); }

 private:
    larder::testing::temporary_folder folder_;
    bool mounted_;
};

/// A limit on the size of files acts like a full disk and does not need root.
TEST(database_faults, a_sqlite_file_that_cannot_grow_is_reported_as_full_until_it_can)
{
    const community c{"sqlite"};
    const agora_process server{c, {}, false};
    EXPECT_EQ(post(server, 10).status, 201);
    rlimit before{};
    ASSERT_EQ(prlimit(server.pid(), RLIMIT_FSIZE, nullptr, &before), 0);
    const rlimit small{32U << 10U, before.rlim_max};
    ASSERT_EQ(prlimit(server.pid(), RLIMIT_FSIZE, &small, nullptr), 0);
    expect_refused(fill(server), "storage_full");
    expect_reported(server, "full");
    ASSERT_EQ(prlimit(server.pid(), RLIMIT_FSIZE, &before, nullptr), 0);
    expect_recovered(server);
}

TEST(database_faults, a_full_disk_under_sqlite_is_reported_and_recovers)
{
    const small_disk disk{"32m"};
    if (!disk.there()) return;  // not root; the test above covers that case
    const community c{"sqlite"};
    const agora_process server{c, {"AGORA_DATA=" + disk.path().string()}, false};
    EXPECT_EQ(post(server, 10).status, 201);
    disk.fill();
    expect_refused(fill(server), "storage_full");
    expect_reported(server, "full");
    disk.free();
    expect_recovered(server);
}

TEST(database_faults, a_full_disk_under_postgresql_is_reported_and_recovers)
{
    const small_disk disk{"32m"};
    if (!disk.there()) return;  // not root; errors_test.cpp tests the SQLSTATE
    const community c{"postgresql"};
    larder::testing::unprivileged_owner_of(disk.path());
    auto& postgres = postgres_server::shared();
    postgres.execute("CREATE TABLESPACE small LOCATION '" + disk.path().string() + "'");
    postgres.execute("ALTER DATABASE " + c.database() + " SET TABLESPACE small");
    {
        const agora_process server{c, {}, false};
        EXPECT_EQ(post(server, 10).status, 201);
        disk.fill();
        expect_refused(fill(server), "storage_full");
        expect_reported(server, "full");
        disk.free();
        expect_recovered(server);
    }
    postgres.execute("ALTER DATABASE " + c.database() + " SET TABLESPACE pg_default");
    postgres.execute("DROP TABLESPACE small");
}

TEST(database_faults, a_read_only_postgresql_is_reported_and_recovers)
{
    auto& postgres = postgres_server::shared();
    const community c{"postgresql"};
    const agora_process server{c, {}, false};
    EXPECT_EQ(post(server, 10).status, 201);
    postgres.execute("ALTER SYSTEM SET default_transaction_read_only = on");
    postgres.execute("SELECT pg_reload_conf()");
    answer refused = post(server, 10);
    for (int i = 0; i < 100 && refused.status == 201; ++i) refused = post(server, 10);
    expect_refused(refused, "read_only");
    expect_refused(post(server, 10), "read_only");
    expect_reported(server, "read_only");
    postgres.execute("ALTER SYSTEM RESET default_transaction_read_only");
    postgres.execute("SELECT pg_reload_conf()");
    expect_recovered(server);
}

/// Expects that the start fails with a single line that contains `says`.
void expect_start_fails(const community& c, const std::vector<std::string>& more, const std::string& says, int code = 1)
{
    auto settings = c.settings();
    settings.insert(settings.end(), more.begin(), more.end());
    larder::testing::process agora{agora_command(settings, {"serve", "--port", "0"})};
    EXPECT_EQ(agora.wait(), code);
    EXPECT_THAT(agora.output(), HasSubstr(says));
    EXPECT_EQ(std::ranges::count(agora.output(), '\n'), 1) << agora.output();
}

TEST(database_faults, a_damaged_sqlite_file_is_reported_at_startup)
{
    const community c{"sqlite"};
    std::ofstream{c.folder() / "agora.db"} << std::string(8192, '?');
    expect_start_fails(c, {}, "agora.db is damaged, or is not an SQLite database");
}

TEST(database_faults, a_database_that_rejects_the_connection_is_reported_at_startup)
{
    const community c{"postgresql"};
    const auto at = "postgresql://agora@127.0.0.1:" + std::to_string(postgres_server::shared().port());
    expect_start_fails(c, {"DATABASE_URL=" + at + "/nowhere"}, "database \"nowhere\" does not exist");
    expect_start_fails(c, {"DATABASE_URL=" + at + "/postgres?prepare=maybe"}, "must be on or off", 2);
}

}  // namespace
}  // namespace agora::e2e
