// SPDX-License-Identifier: MIT
// The exit codes of each verb, and that each failure is one line that says why and what to do.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/e2e/agora_process.hpp"

#include <fstream>

namespace agora::e2e {
namespace {

class exit_codes : public ::testing::Test {
 protected:
    exit_codes() { std::ofstream{folder.path() / "file"} << "no folder"; }
    std::string data() const { return folder.path() / "data"; }
    /// A path that not even root can create.
    std::string nowhere() const { return folder.path() / "file" / "x"; }
    larder::testing::temporary_folder folder;
};

TEST_F(exit_codes, each_failure_is_one_line_with_the_next_step)
{
    const community c{"sqlite"};
    const agora_process other{c, {}, false};
    struct row {
        std::vector<std::string> arguments;
        std::vector<std::string> settings;
        int code;
        std::string says;
    };
    const auto here = "AGORA_DATA=" + data();
    std::ofstream{folder.path() / "text.db"} << "this is a text and no database, and longer than a header of SQLite";
    const row rows[] = {
        {{"serve", "--port", std::to_string(other.port())},
         {here},
         1,
         "in use; stop the program that uses it, or choose"},
        {{"serve"}, {here, "HOST=203.0.113.1"}, 1, "set HOST to an address of this machine"},
        {{"serve", "--data", nowhere()}, {}, 2, "choose a folder that this user can write to"},
        {{"serve", "--data", folder.path() / "file"}, {}, 2, "choose a folder"},
        {{"migrate", "--data", nowhere()}, {}, 2, "AGORA_DATA is"},
        {{"init", "--data", nowhere(), "--admin", "ann", "--email", "a@b.cd"}, {}, 2, "AGORA_DATA is"},
        {{"serve"}, {here, "LOG_FILE=" + nowhere()}, 2, "create its folder, or choose another file"},
        {{"serve"}, {here, "DATABASE_URL=sqlite:///:memory:"}, 2, "allowed: sqlite:///PATH of a file"},
        {{"migrate"},
         {here, "DATABASE_URL=sqlite:///" + nowhere()},
         1,
         "must be able to write the file and its folder"},
        {{"migrate"},
         {here, "DATABASE_URL=sqlite:///" + (folder.path() / "text.db").string()},
         1,
         "must name an SQLite"},
        {{"migrate"}, {here, "DATABASE_URL=postgresql://me:hidden@127.0.0.1:1/x"}, 1, "refused"},
        {{"cache", "info"}, {here}, 2, "REDIS_URL is not set"},
        {{"cache", "info"}, {here, "REDIS_URL=redis://127.0.0.1:1"}, 1, "refused"},
        {{"redis", "check"}, {here}, 2, "REDIS_URL is not set"},
        {{"redis", "check", "redis://h:port"}, {here}, 2, "the URL:"},
        {{"user", "role", "nobody", "admin"}, {here}, 1, "no member called nobody"},
        {{"user", "role", "ann\xff", "admin"}, {here}, 2, "argument 3 is not UTF-8"},
        {{"serve", "--data", data() + "\xc3"}, {}, 2, "argument 3 is not UTF-8"},
        {{"doctor"}, {here, "PORT=x"}, 2, "PORT is \"x\""},
        {{"serve"},
         {here, "AGORA_ENV=production", "SECRET_KEY=" + std::string(40, 'a'), "JWT_SECRET_KEY=" + std::string(40, 'a')},
         2,
         "SECRET_KEY is easy to guess"},
    };
    for (auto [arguments, settings, code, says] : rows) {
        settings.emplace_back("LOG_LEVEL=error");  // suppresses informational lines before the error
        const auto r = run(arguments, settings);
        EXPECT_EQ(r.code, code) << arguments[0] << ": " << r.output;
        EXPECT_TRUE(r.output.starts_with("agora: ")) << arguments[0] << ": " << r.output;
        EXPECT_EQ(std::count(r.output.begin(), r.output.end(), '\n'), 1) << r.output;
        EXPECT_TRUE(r.has(says)) << arguments[0] << ": " << r.output;
        EXPECT_FALSE(r.has("hidden")) << r.output;
    }
}

TEST_F(exit_codes, a_failed_check_is_1_and_wrong_usage_is_2)
{
    const auto here = "AGORA_DATA=" + data();
    EXPECT_EQ(run({"doctor", "--data", nowhere()}).code, 1);
    EXPECT_EQ(run({"doctor"}, {here}).code, 0);
    EXPECT_EQ(run({"redis", "check", "redis://127.0.0.1:1"}, {here}).code, 1);
    for (const std::vector<std::string>& wrong :
         std::vector<std::vector<std::string>>{{},
                                               {"fly"},
                                               {"serve", "--fly"},
                                               {"import"},
                                               {"import", "stackexchange", nowhere()},
                                               {"cache"},
                                               {"cache", "explain"},
                                               {"user", "role", "x", "king"},
                                               {"user", "create", "x"},
                                               {"redis"},
                                               {"migrate", "x"}})
        EXPECT_EQ(run(wrong, {here}).code, 2) << (wrong.empty() ? "" : wrong.front());
    for (const std::vector<std::string>& right :
         std::vector<std::vector<std::string>>{{"version"}, {"openapi"}, {"migrate"}, {"migrate", "--status"}})
        EXPECT_EQ(run(right, {here}).code, 0) << right.front();
}

TEST_F(exit_codes, every_help_lists_them)
{
    for (const std::vector<std::string>& verb : std::vector<std::vector<std::string>>{{},
                                                                                      {"serve"},
                                                                                      {"init"},
                                                                                      {"migrate"},
                                                                                      {"import", "stackexchange"},
                                                                                      {"doctor"},
                                                                                      {"redis", "check"},
                                                                                      {"cache", "info"},
                                                                                      {"cache", "clear"},
                                                                                      {"user", "create"},
                                                                                      {"user", "role"},
                                                                                      {"openapi"},
                                                                                      {"version"}}) {
        auto arguments = verb;
        arguments.emplace_back("--help");
        const auto r = run(arguments);
        EXPECT_EQ(r.code, 0);
        EXPECT_TRUE(r.has("Exit codes: 0 done, 1 failed, 2 wrong usage or configuration")) << r.output;
    }
}

TEST_F(exit_codes, output_that_cannot_be_written_is_a_failure)
{
    const auto shell = [&](const std::string& line) {
        return finish({"/usr/bin/env", "-i", "AGORA_DATA=" + data(), "/bin/bash", "-c", line});
    };
    for (const std::string verb : {"openapi", "version", "doctor", "migrate"}) {
        const auto full = shell(binary + " " + verb + " > /dev/full");
        EXPECT_EQ(full.code, 1) << verb;
        EXPECT_TRUE(full.has("cannot write to standard output: No space left on device")) << full.output;
        EXPECT_EQ(std::count(full.output.begin(), full.output.end(), '\n'), 1) << full.output;
    }
    const auto closed = shell(binary + " openapi | true; echo ${PIPESTATUS[0]}");
    EXPECT_TRUE(closed.output == "1\n" || closed.output == "0\n")
        << "the reader closed the pipe early: " << closed.output;
    EXPECT_EQ(shell(binary + " fly 2>/dev/full").code, 2);
    EXPECT_EQ(shell(binary + " cache info 2>/dev/full").code, 2);
    EXPECT_EQ(shell(binary + " version <&- 2>&-").code, 0);
}

TEST_F(exit_codes, a_folder_without_permission_is_one_line)
{
    ASSERT_EQ(::getuid(), 0U) << "the tests run as root";
    std::filesystem::permissions(folder.path(), std::filesystem::perms{0755});
    larder::testing::process_options nobody;
    nobody.user = 65534;
    nobody.group = 65534;
    std::filesystem::create_directory(folder.path() / "theirs");
    for (const auto* name : {"theirs", "theirs/new"}) {
        const auto r = run({"serve", "--data", folder.path() / name}, {}, nobody);
        EXPECT_EQ(r.code, 2) << r.output;
        EXPECT_TRUE(r.has("cannot be used: Permission denied; choose a folder")) << r.output;
        EXPECT_EQ(std::count(r.output.begin(), r.output.end(), '\n'), 1) << r.output;
    }
}

TEST_F(exit_codes, the_database_is_readable_by_its_owner_only)
{
    const auto before = ::umask(0);
    const community c{"sqlite"};
    const agora_process server{c, {}, false};
    ::umask(before);
    EXPECT_EQ(call(server.port(), "GET", "/api/posts").status, 200);
    for (const auto* name : {"agora.db", "agora.db-wal", "agora.db-shm", "secret_key"}) {
        const auto mode = std::filesystem::status(c.folder() / name).permissions();
        EXPECT_EQ(mode & std::filesystem::perms::mask,
                  std::filesystem::perms::owner_read | std::filesystem::perms::owner_write)
            << name;
    }
}

TEST_F(exit_codes, doctor_shows_changed_settings_first_and_warns_of_likely_mistakes)
{
    const std::string secret = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    const std::vector<std::string> settings{"AGORA_ENV=production", "SECRET_KEY=" + secret, "JWT_SECRET_KEY=" + secret,
                                            "AGORA_DATA=" + data(), "PORT=9000"};
    const auto r = run({"doctor"}, settings);
    EXPECT_EQ(r.code, 0) << r.output;
    const auto differing = r.output.find("Settings that differ from the default");
    const auto port = r.output.find("PORT ");
    const auto server = r.output.find("\nServer\n");
    EXPECT_LT(differing, port) << r.output;
    EXPECT_LT(port, server) << r.output;
    EXPECT_EQ(r.output.find("\n  PORT ", port + 1), std::string::npos) << "PORT must be listed once: " << r.output;
    for (const auto* group : {"\nDatabase\n", "\nMail\n", "\nLog\n", "\nChecks\n"}) EXPECT_TRUE(r.has(group)) << group;
    EXPECT_TRUE(r.has("warn  PUBLIC_URL")) << r.output;
    EXPECT_EQ(r.output.find('\x1b'), std::string::npos) << "no colours without a terminal";
    auto better = settings;
    better.emplace_back("PUBLIC_URL=https://forum.example.org");
    EXPECT_FALSE(run({"doctor"}, better).has("warn  PUBLIC_URL"));
    EXPECT_FALSE(run({"doctor"}, {"AGORA_DATA=" + data()}).has("warn  PUBLIC_URL"))
        << "the default is right in development";
    const auto json = run({"doctor", "--json"}, settings);
    EXPECT_TRUE(json.has(R"("name":"PORT","value":"9000","source":"environment","differs":true)")) << json.output;
}

}  // namespace
}  // namespace agora::e2e
