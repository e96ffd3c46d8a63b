// SPDX-License-Identifier: MIT
// The life of the process: signals in each phase, standard files that are closed or that nobody reads, log files that
// cannot be written, and too few file descriptors.
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/e2e/agora_process.hpp"

#include <array>
#include <csignal>
#include <fstream>
#include <thread>

namespace agora::e2e {
namespace {

using namespace std::chrono_literals;

bool within(std::chrono::milliseconds limit, const std::function<bool()>& done)
{
    const auto end = std::chrono::steady_clock::now() + limit;
    while (std::chrono::steady_clock::now() < end) {
        if (done()) return true;
        std::this_thread::yield();
    }
    return done();
}

std::string text_of(const std::filesystem::path& file)
{
    std::ifstream in{file};
    return {std::istreambuf_iterator<char>{in}, {}};
}

class process_lifecycle : public ::testing::Test {
 protected:
    /// Starts the server from a shell with the given redirections, on a free port.
    std::unique_ptr<larder::testing::process> serve_from_shell(const std::string& redirected,
                                                               const std::vector<std::string>& more = {})
    {
        auto settings = data.settings();
        settings.insert(settings.end(), more.begin(), more.end());
        settings.insert(settings.end(), {"ACCESS_LOG=on", "LOG_LEVEL=info"});
        std::string line = "exec " + binary + " serve --port " + std::to_string(port) + " " + redirected;
        std::vector<std::string> command{"/usr/bin/env", "-i"};
        command.insert(command.end(), settings.begin(), settings.end());
        command.insert(command.end(), {"/bin/bash", "-c", line});
        auto p = std::make_unique<larder::testing::process>(command);
        EXPECT_TRUE(within(20s, [&] { return answers(); })) << redirected << p->output();
        return p;
    }
    bool answers()
    {
        try {
            return call(port, "GET", "/api/health").status == 200;
        } catch (const std::exception&) {
            return false;
        }
    }
    void expect_clean_stop(larder::testing::process& p)
    {
        const auto begin = std::chrono::steady_clock::now();
        p.kill(SIGTERM);
        EXPECT_EQ(p.wait(), 0) << p.output();
        EXPECT_LT(std::chrono::steady_clock::now() - begin, 8s);
    }

    community data{"sqlite"};
    const unsigned short port = larder::testing::free_port();
};

TEST_F(process_lifecycle, closed_or_full_standard_files_do_not_stop_the_server)
{
    for (const std::string redirected :
         {"<&-", ">&-", "2>&-", "<&- >&- 2>&-", "2>/dev/full", ">/dev/full", "2> >(exit)", "> >(exit) 2>&1"}) {
        const auto server = serve_from_shell(redirected);
        for (int i = 0; i < 3; ++i) {
            EXPECT_TRUE(answers()) << redirected;
            server->kill(i == 1 ? SIGHUP : SIGUSR1);
        }
        EXPECT_TRUE(answers()) << redirected;
        expect_clean_stop(*server);
    }
}

TEST_F(process_lifecycle, an_unread_pipe_delays_neither_responses_nor_the_stop)
{
    const auto fifo = data.folder() / "fifo";
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    const int reader = ::open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    ASSERT_GE(reader, 0);
    const auto server = serve_from_shell("> " + fifo.string() + " 2>&1");
    // 3,000 lines of more than 1,000 bytes; the pipe is full after 64 KiB.
    const std::string target = "/api/health?" + std::string(1000, 'x');
    http::raw_client client{port};
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 3000; ++i) ASSERT_EQ(answer{client.get(target)}.status, 200);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 20s);
    std::string got;
    std::array<char, 65536> piece;
    EXPECT_TRUE(within(10s, [&] {
        const auto n = ::read(reader, piece.data(), piece.size());
        if (n > 0) got.append(piece.data(), static_cast<std::size_t>(n));
        return got.find("log lines were dropped") != std::string::npos;
    }));
    for (int i = 0; i < 300; ++i) ASSERT_EQ(answer{client.get(target)}.status, 200);  // the pipe is full again
    expect_clean_stop(*server);
    ::close(reader);
}

TEST_F(process_lifecycle, a_log_file_that_cannot_be_reopened_stays_in_use)
{
    const auto folder = data.folder() / "logs";
    std::filesystem::create_directory(folder);
    const auto server = serve_from_shell("", {"LOG_FILE=" + (folder / "agora.log").string()});
    std::filesystem::rename(folder, data.folder() / "moved");
    for (int i = 0; i < 200; ++i) server->kill(i % 2 == 0 ? SIGHUP : SIGUSR1);
    EXPECT_TRUE(answers());
    const auto kept = data.folder() / "moved" / "agora.log";
    EXPECT_TRUE(within(10s, [&] { return text_of(kept).find("cannot be opened again") != std::string::npos; }));
    std::filesystem::create_directory(folder);
    server->kill(SIGHUP);
    EXPECT_TRUE(within(10s, [&] { return std::filesystem::exists(folder / "agora.log"); }));
    EXPECT_TRUE(answers());
    expect_clean_stop(*server);
    EXPECT_NE(text_of(folder / "agora.log").find("stopping"), std::string::npos);
}

TEST_F(process_lifecycle, a_signal_at_any_moment_of_the_start_stops_the_server)
{
    int early = 0;
    for (int step = 0; step < 10; ++step) {
        const community fresh{"sqlite"};
        auto settings = fresh.settings();
        settings.emplace_back("LOG_LEVEL=info");
        larder::testing::process p{agora_command(settings, {"serve", "--port", "0", "--demo", demo})};
        // The signals come before main(), during the migrations or the import (a second or more), or while it serves.
        const bool in_main = step >= 3 && p.wait_for_output("The database is empty");
        const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds{step * step * 10};
        while (std::chrono::steady_clock::now() < until) std::this_thread::yield();
        for (int i = 0; in_main && i < 5; ++i) p.kill(i % 2 == 0 ? SIGHUP : SIGUSR1);
        p.kill(SIGTERM);
        const int code = p.wait();
        EXPECT_TRUE(code == 0 || (!in_main && code == 128 + SIGTERM)) << step << ": " << code << p.output();
        if (p.output().find("serves on") == std::string::npos) ++early;
        EXPECT_EQ(p.output().find("unexpected"), std::string::npos) << p.output();
        if (step != 5) continue;
        const agora_process again{fresh, {}, false};
        EXPECT_EQ(call(again.port(), "GET", "/api/posts").status, 200)
            << "the interrupted start must not prevent the next one";
    }
    EXPECT_GT(early, 4);
}

TEST_F(process_lifecycle, repeated_signals_during_the_stop_change_nothing)
{
    for (int round = 0; round < 3; ++round) {
        agora_process server{data, {}, false};
        http::raw_client client{server.port()};
        EXPECT_EQ(answer{client.get("/api/health")}.status, 200);
        client.send(request_text("GET", "/api/version").substr(0, 20));  // in the middle of a request
        for (int i = 0; i < 20; ++i) server.signal(i % 3 == 0 ? SIGHUP : SIGTERM);
        client.send(request_text("GET", "/api/version").substr(20));
        EXPECT_EQ(answer{client.answer()}.status, 200);
        for (int i = 0; i < 20; ++i) server.signal(i % 2 == 0 ? SIGINT : SIGTERM);
        EXPECT_EQ(server.wait(), 0) << server.output();
    }
}

TEST_F(process_lifecycle, an_interrupted_command_ends_by_the_signal_and_rolls_back)
{
    auto settings = data.settings();
    larder::testing::process p{agora_command(settings, {"import", "stackexchange", demo})};
    EXPECT_TRUE(p.wait_for_output("rows/s"));
    p.kill(SIGTERM);
    const int code = p.wait();
    EXPECT_TRUE(code == 128 + SIGTERM || code == 0) << code;
    larder::testing::process again{agora_command(settings, {"import", "stackexchange", demo})};
    EXPECT_EQ(again.wait(), 0) << again.output();
    if (code != 0) {
        EXPECT_NE(again.output().find("stored: 2551 users"), std::string::npos) << again.output();
    }
}

TEST_F(process_lifecycle, without_file_descriptors_fewer_connections_are_served_and_a_warning_is_logged)
{
    const auto limited = data.folder() / "log";
    auto settings = data.settings();
    settings.insert(settings.end(), {"LOG_FILE=" + limited.string(), "LOG_LEVEL=info", "TRUSTED_PROXIES=127.0.0.1"});
    std::vector<std::string> command{"/usr/bin/env", "-i"};
    command.insert(command.end(), settings.begin(), settings.end());
    command.insert(command.end(),
                   {"/bin/bash", "-c", "ulimit -n 200; exec " + binary + " serve --port " + std::to_string(port)});
    larder::testing::process p{command};
    ASSERT_TRUE(within(20s, [&] { return answers(); })) << p.output();
    EXPECT_NE(text_of(limited).find("instead of MAX_CONNECTIONS=10000"), std::string::npos) << text_of(limited);
    std::vector<std::unique_ptr<http::raw_client>> client_group;
    int refused = 0;
    for (int i = 0; i < 300; ++i) {
        client_group.push_back(std::make_unique<http::raw_client>(port));
        const answer a{client_group.back()->get("/api/health")};
        EXPECT_TRUE(a.status == 200 || a.status == 503) << a.status;
        refused += a.status == 503 ? 1 : 0;
    }
    EXPECT_GT(refused, 100);
    p.kill(SIGHUP);
    client_group.clear();
    EXPECT_TRUE(within(10s, [&] { return answers(); }));
    expect_clean_stop(p);
}

}  // namespace
}  // namespace agora::e2e
