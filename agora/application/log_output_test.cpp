// SPDX-License-Identifier: MIT
// The log's writer when its descriptor blocks, fails, or cannot be reopened.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <agora/application/log_output.hpp>
#include <array>
#include <csignal>
#include <fstream>
#include <larder/testing/process.hpp>
#include <system_error>

namespace agora::application {
namespace {

using namespace std::chrono_literals;

std::string make_notice(std::string_view message) { return "NOTICE " + std::string{message} + "\n"; }

struct pipe_ends {
    pipe_ends() { EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0); }
    ~pipe_ends()
    {
        close_reader();
        ::close(ends[1]);
    }
    void close_reader()
    {
        if (ends[0] >= 0) ::close(ends[0]);
        ends[0] = -1;
    }
    int writer() const { return ends[1]; }
    /// Reads until `text` has arrived.
    std::string read_until(std::string_view text) const
    {
        std::string got;
        std::array<char, 65536> piece;
        while (got.find(text) == std::string::npos) {
            const auto n = ::read(ends[0], piece.data(), piece.size());
            if (n <= 0) break;
            got.append(piece.data(), static_cast<std::size_t>(n));
        }
        return got;
    }
    std::array<int, 2> ends{};
};

std::string text_of(const std::filesystem::path& file)
{
    std::ifstream in{file};
    return {std::istreambuf_iterator<char>{in}, {}};
}

std::uint64_t lines_with(std::string_view text, std::string_view word)
{
    std::uint64_t n = 0;
    while (!text.empty()) {
        const auto line = text.substr(0, text.find('\n'));
        if (line.starts_with(word)) ++n;
        text.remove_prefix(std::min(text.size(), line.size() + 1));
    }
    return n;
}

class log_output_test : public ::testing::Test {
 protected:
    log_output_test() { std::signal(SIGPIPE, SIG_IGN); }
    larder::testing::temporary_folder folder;
};

TEST_F(log_output_test, a_full_pipe_does_not_block_and_dropped_lines_are_counted)
{
    constexpr std::uint64_t sent = 60'000;
    const std::string line = "line " + std::string(94, 'x') + "\n";
    pipe_ends p;
    log_output log{p.writer(), make_notice};
    const auto begin = std::chrono::steady_clock::now();
    for (std::uint64_t i = 0; i < sent; ++i) log.push(line);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
    EXPECT_FALSE(log.flush(1ms));
    EXPECT_GT(log.dropped(), sent / 2);
    // The writer thread may have started late on the first block, so that each of two blocks is followed by a notice.
    auto got = p.read_until("NOTICE");
    log.push("after\n");
    got += p.read_until("after\n");
    EXPECT_EQ(lines_with(got, line.substr(0, 99)) + log.dropped(), sent) << "no line is truncated";
    std::uint64_t counted = 0;
    for (auto at = got.find("NOTICE "); at != std::string::npos; at = got.find("NOTICE ", at + 1)) {
        EXPECT_NE(got.find(" log lines were dropped: they arrived faster", at), std::string::npos);
        counted += std::stoul(got.substr(at + 7));
    }
    EXPECT_EQ(counted, log.dropped());
}

TEST_F(log_output_test, the_destructor_does_not_wait_for_a_full_pipe)
{
    pipe_ends p;
    {
        log_output log{p.writer(), make_notice};
        for (int i = 0; i < 20'000; ++i) log.push("a line that is never read\n");
    }
    SUCCEED() << "the destructor does not wait for a reader";
}

TEST_F(log_output_test, a_closed_reader_or_a_full_disk_only_drops_lines)
{
    pipe_ends p;
    p.close_reader();
    log_output closed{p.writer(), make_notice};
    closed.push("one\ntwo\n");
    EXPECT_TRUE(closed.flush(5s));
    EXPECT_EQ(closed.dropped(), 2U);

    const auto file = folder.path() / "log";
    std::filesystem::create_symlink("/dev/full", file);
    log_output full{STDERR_FILENO, make_notice};
    full.open(file);
    full.push("lost\n");
    EXPECT_TRUE(full.flush(5s));
    full.push("lost, too\n");
    EXPECT_TRUE(full.flush(5s));
    EXPECT_EQ(full.dropped(), 2U);
    std::filesystem::remove(file);
    full.reopen();
    full.push("kept\n");
    EXPECT_TRUE(full.flush(5s));
    EXPECT_EQ(text_of(file), "NOTICE 2 log lines were dropped: No space left on device\nkept\n");
}

TEST_F(log_output_test, a_file_that_cannot_be_reopened_stays_in_use_and_the_failure_is_logged)
{
    const auto file = folder.path() / "deep" / "log";
    std::filesystem::create_directory(file.parent_path());
    log_output log{STDERR_FILENO, make_notice};
    log.open(file);
    log.push("before\n");
    EXPECT_TRUE(log.flush(5s));
    const auto moved = folder.path() / "moved";
    std::filesystem::rename(file.parent_path(), moved);
    for (int i = 0; i < 1000; ++i) log.reopen();  // many signals at once
    log.push("between\n");
    EXPECT_TRUE(log.flush(5s));
    const auto kept = text_of(moved / "log");
    EXPECT_NE(kept.find("cannot be opened again: No such file or directory"), std::string::npos) << kept;
    EXPECT_TRUE(kept.ends_with("between\n")) << kept;
    std::filesystem::create_directory(file.parent_path());
    log.reopen();
    log.push("after\n");
    EXPECT_TRUE(log.flush(5s));
    EXPECT_EQ(text_of(file), "after\n");
}

TEST_F(log_output_test, a_path_that_is_not_a_file_is_rejected_at_once)
{
    log_output log{STDERR_FILENO, make_notice};
    EXPECT_THROW(log.open(folder.path()), std::system_error);
    const auto fifo = folder.path() / "fifo";
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    EXPECT_THROW(log.open(fifo), std::system_error)
        << "waiting for a reader of the FIFO would block the start of the server";
}

}  // namespace
}  // namespace agora::application
