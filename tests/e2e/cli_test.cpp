// SPDX-License-Identifier: MIT
// The command line: help, errors, doctor, migrate, import, openapi, logs, user and init.
#include <gtest/gtest.h>

#include "tests/e2e/agora_process.hpp"

#include <csignal>
#include <fstream>
#include <thread>

namespace agora::e2e {
namespace {

class cli : public ::testing::Test {
 protected:
    std::string data() const { return folder.path() / "data"; }
    larder::testing::temporary_folder folder;
};

TEST_F(cli, every_command_has_help)
{
    for (const std::vector<std::string>& verb : std::vector<std::vector<std::string>>{{"serve"},
                                                                                      {"init"},
                                                                                      {"migrate"},
                                                                                      {"import", "stackexchange"},
                                                                                      {"redis", "check"},
                                                                                      {"doctor"},
                                                                                      {"openapi"},
                                                                                      {"version"}}) {
        auto arguments = verb;
        arguments.push_back("--help");
        const auto r = run(arguments);
        EXPECT_EQ(r.code, 0) << verb.front();
        EXPECT_TRUE(r.has("--data")) << verb.front() << r.output;
    }
    EXPECT_TRUE(run({"serve", "--help"}).has("agora settings"));
    EXPECT_TRUE(run({"settings"}).has("AGORA_SERVICE_TOKEN"));
}

TEST_F(cli, wrong_usage_and_invalid_settings_exit_with_2_and_one_line)
{
    EXPECT_EQ(run({"fly"}).code, 2);
    EXPECT_EQ(run({}).code, 2);
    const auto port = run({"serve", "--port", "http"});
    EXPECT_EQ(port.code, 2);
    EXPECT_TRUE(port.output.starts_with("agora: PORT is \"http\" (from flag); allowed: ")) << port.output;
    EXPECT_EQ(std::count(port.output.begin(), port.output.end(), '\n'), 1);
    const auto key = run({"serve", "--data", data()}, {"AGORA_ENV=production"});
    EXPECT_EQ(key.code, 2);
    EXPECT_TRUE(key.has("SECRET_KEY")) << key.output;
}

TEST_F(cli, doctor_shows_the_configuration_and_unreachable_services)
{
    const auto good = run({"doctor", "--data", data()}, {"AGORA_SERVICE_TOKEN=very-secret-token"});
    EXPECT_EQ(good.code, 0) << good.output;
    EXPECT_TRUE(good.has("AGORA_SERVICE_TOKEN")) << good.output;
    EXPECT_FALSE(good.has("very-secret-token"));
    const auto unreachable =
        run({"doctor", "--json", "--data", data()}, {"DATABASE_URL=postgresql://me:hidden@127.0.0.1:1/x"});
    EXPECT_EQ(unreachable.code, 1) << unreachable.output;
    EXPECT_TRUE(unreachable.has("\"next_step\":\"check DATABASE_URL")) << unreachable.output;
    EXPECT_FALSE(unreachable.has("hidden"));
}

TEST_F(cli, a_repeated_import_changes_nothing)
{
    const auto first = run({"import", "stackexchange", demo, "--data", data()});
    EXPECT_EQ(first.code, 0) << first.output;
    EXPECT_TRUE(first.has("stored: 2551 users, 94 tags, 453 posts, 971 answers, 2448 comments, 5066 likes"))
        << first.output;
    const auto second = run({"import", "stackexchange", demo, "--data", data()});
    EXPECT_EQ(second.code, 0);
    EXPECT_TRUE(second.has("stored: 0 users, 0 tags, 0 posts, 0 answers, 0 comments, 0 likes")) << second.output;
    EXPECT_TRUE(run({"migrate", "--status", "--data", data()}).has("0001_forum.sql  applied"));
}

TEST_F(cli, a_malformed_dump_is_reported_by_file_and_line_and_imports_nothing)
{
    const auto dump = folder.path() / "dump";
    std::filesystem::copy(demo, dump);
    std::filesystem::remove(dump / "Votes.xml.gz");
    std::ofstream{dump / "Votes.xml"} << "<votes>\n  <row Id=\"1\" PostId=\"1\" VoteTypeId=\"2\" "
                                         "CreationDate=\"2010-08-25T00:00:00.000\" />\n  <row Id=\n";
    const auto r = run({"import", "stackexchange", dump, "--data", data()});
    EXPECT_EQ(r.code, 1);
    EXPECT_TRUE(r.has("Votes.xml:")) << r.output;
    const auto again = run({"import", "stackexchange", demo, "--data", data()});
    EXPECT_TRUE(again.has("stored: 2551 users")) << "the failed import must leave nothing behind: " << again.output;
    std::filesystem::remove(dump / "Posts.xml.gz");
    EXPECT_TRUE(run({"import", "stackexchange", dump, "--data", data()}).has("Posts.xml"));
}

TEST_F(cli, openapi_prints_the_document_that_is_served)
{
    const community c{"sqlite"};
    const agora_process server{c, {}, false};
    EXPECT_EQ(run({"openapi"}).output, call(server.port(), "GET", "/api/openapi.json").body + "\n");
}

TEST_F(cli, a_second_server_on_the_same_port_reports_that_it_is_in_use)
{
    const community c{"sqlite"};
    const agora_process server{c, {}, false};
    const auto second = run({"serve", "--port", std::to_string(server.port()), "--data", data()});
    EXPECT_EQ(second.code, 1);
    EXPECT_TRUE(second.has("in use")) << second.output;
}

TEST_F(cli, sighup_reopens_the_log_file)
{
    const community c{"sqlite"};
    const auto log = folder.path() / "agora.log";
    agora_process server{c, {"LOG_FILE=" + log.string(), "ACCESS_LOG=on", "LOG_LEVEL=info"}, false};
    EXPECT_EQ(call(server.port(), "GET", "/api/health").status, 200);
    std::filesystem::rename(log, folder.path() / "old.log");
    server.signal(SIGHUP);
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (!std::filesystem::exists(log) && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
    EXPECT_EQ(call(server.port(), "GET", "/api/version", "X-Request-Id: after-hup\r\n").status, 200);
    server.signal(SIGTERM);
    EXPECT_EQ(server.wait(), 0);
    std::ifstream in{log};
    const std::string text{std::istreambuf_iterator<char>{in}, {}};
    EXPECT_NE(text.find(R"("request_id":"after-hup")"), std::string::npos) << text;
}

/// Runs agora with a line on standard input.
finished run_with(const std::string& line, const std::vector<std::string>& arguments, const std::string& setting = "A=")
{
    std::string command = "printf '%s\\n' '" + line + "' | " + binary;
    for (const auto& a : arguments) command += " '" + a + "'";
    return finish({"/usr/bin/env", "-i", setting, "/bin/sh", "-c", command});
}

TEST_F(cli, creates_the_first_admin_and_changes_roles_and_passwords)
{
    const auto made = run_with("kelp-morning-7", {"user", "create", "Ann", "--email", "ann@example.org", "--role",
                                                  "admin", "--password-stdin", "--data", data()});
    EXPECT_EQ(made.code, 0) << made.output;
    EXPECT_TRUE(made.has("Ann is a member now, with the role admin")) << made.output;
    EXPECT_EQ(run({"user", "role", "ann", "user", "--data", data()}).code, 1) << "the last administrator must stay one";
    EXPECT_EQ(run_with("kelp-morning-8", {"user", "create", "Eve", "--email", "eve@example.org", "--role", "admin",
                                          "--password-stdin", "--data", data()})
                  .code,
              0);
    const community c{"sqlite"};
    const agora_process server{c, {"AGORA_DATA=" + data()}, false};
    const auto sign_in = [&](const std::string& password) {
        return call(server.port(), "POST", "/api/auth/login", {},
                    R"({"username":"ann","password":")" + password + "\"}");
    };
    const auto signed_in = sign_in("kelp-morning-7");
    ASSERT_EQ(signed_in.status, 200) << signed_in.body;
    const auto token = values_of(signed_in.body, "access_token")[0];
    const auto as_ann = "Authorization: Bearer " + token.substr(1, token.size() - 2) + "\r\n";
    EXPECT_EQ(call(server.port(), "GET", "/metrics", as_ann).status, 200);

    EXPECT_EQ(run({"user", "role", "ann", "user", "--data", data()}).code, 0);
    auto status = 200;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{5};
    while (status == 200 && std::chrono::steady_clock::now() < end)
        status = call(server.port(), "GET", "/metrics", as_ann).status;
    EXPECT_EQ(status, 403) << "the running server must notice the new role";

    EXPECT_EQ(run_with("harbour-lamp-3", {"user", "password", "ann", "--password-stdin", "--data", data()}).code, 0);
    EXPECT_EQ(sign_in("kelp-morning-7").status, 401);
    EXPECT_EQ(sign_in("harbour-lamp-3").status, 200);

    const auto weak = run_with(
        "password1", {"user", "create", "bob", "--email", "b@example.org", "--password-stdin", "--data", data()});
    EXPECT_EQ(weak.code, 1);
    EXPECT_TRUE(weak.has("password is too common")) << weak.output;
    EXPECT_FALSE(weak.has("password1"));
    EXPECT_EQ(run_with("x", {"user", "password", "nobody", "--password-stdin", "--data", data()}).code, 1);
    EXPECT_EQ(run({"user", "create", "bob", "--email", "b@example.org", "--data", data()}).code, 1)
        << "without a terminal it cannot ask for the password";
    EXPECT_EQ(run({"user", "role", "ann", "king", "--data", data()}).code, 2);
}

TEST_F(cli, init_prepares_a_community_once)
{
    const auto init = [&](const std::string& name) {
        return run_with(
            "kelp-morning-7",
            {"init", "--admin", name, "--email", name + "@example.org", "--password-stdin", "--data", data()},
            "AGORA_ENV=production");
    };
    const auto first = init("ann");
    EXPECT_EQ(first.code, 0) << first.output;
    EXPECT_TRUE(first.has("agora.conf was created with new secrets")) << first.output;
    EXPECT_TRUE(first.has("ann is a member now, with the role admin")) << first.output;
    const auto settings = std::filesystem::path{data()} / "agora.conf";
    EXPECT_EQ(std::filesystem::status(settings).permissions() & std::filesystem::perms::all,
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    const auto text = [&] {
        std::ifstream in{settings};
        return std::string{std::istreambuf_iterator<char>{in}, {}};
    };
    const auto secrets = text();
    const auto second = init("bob");
    EXPECT_EQ(second.code, 0) << second.output;
    EXPECT_TRUE(second.has("ann is already an administrator")) << second.output;
    EXPECT_EQ(text(), secrets);
    const community c{"sqlite"};
    const agora_process server{c, {"AGORA_DATA=" + data(), "AGORA_ENV=production"}, false};
    EXPECT_EQ(
        call(server.port(), "POST", "/api/auth/login", {}, R"({"username":"ann","password":"kelp-morning-7"})").status,
        200);
}

TEST_F(cli, init_prompts_on_a_terminal_and_shows_no_password)
{
    const std::string at_a_terminal = R"(
import os, pty, signal, sys
signal.alarm(30)
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
seen = b''
def until(text):
    global seen
    while text not in seen:
        seen += os.read(fd, 1000)
for prompt, line in (('administrator: ', 'ann'), ('address: ', 'ann@example.org'), ('password: ', 'kelp-morning-7'), ('again: ', 'kelp-morning-7')):
    until(prompt.encode())
    os.write(fd, line.encode() + b'\n')
try:
    until(b'Next: agora serve')
except OSError:
    pass
print(seen.decode(), 'code', os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
)";
    larder::testing::process p{{"/usr/bin/python3", "-c", at_a_terminal, binary, "init", "--data", data()}};
    EXPECT_EQ(p.wait(), 0);
    EXPECT_NE(p.output().find("ann is a member now, with the role admin"), std::string::npos) << p.output();
    EXPECT_EQ(p.output().find("kelp-morning-7"), std::string::npos) << p.output();
    EXPECT_NE(p.output().find("code 0"), std::string::npos) << p.output();
    EXPECT_EQ(run({"init", "--data", (folder.path() / "other").string()}).code, 1)
        << "without a terminal it cannot ask";
}

}  // namespace
}  // namespace agora::e2e
