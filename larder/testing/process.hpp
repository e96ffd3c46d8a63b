// SPDX-License-Identifier: MIT
// Child processes and temporary folders of tests. A child is told to end when the test program dies, however it dies,
// and its output is kept, so that a test can wait for a line instead of sleeping.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace larder::testing {

/// A new folder that is removed with everything in it.
class temporary_folder {
 public:
    temporary_folder();
    ~temporary_folder();
    temporary_folder(const temporary_folder&) = delete;
    temporary_folder& operator=(const temporary_folder&) = delete;
    const std::filesystem::path& path() const noexcept { return path_; }

 private:
    std::filesystem::path path_;
};

struct process_options {
    std::filesystem::path folder;         ///< working folder; empty = the test's own
    uid_t user = static_cast<uid_t>(-1);  ///< to run as, with the group; only for root
    gid_t group = static_cast<gid_t>(-1);
    int end_signal = SIGKILL;  ///< sent by the destructor, and by the kernel when the test dies
};

/// A running program. Start it on the test's main thread: the kernel takes that thread's end for the parent's.
class process {
 public:
    /// Throws std::system_error when the process cannot be made; a program that cannot be run exits with 127.
    explicit process(const std::vector<std::string>& command, const process_options& options = {});
    ~process();
    process(const process&) = delete;
    process& operator=(const process&) = delete;

    pid_t pid() const noexcept { return pid_; }
    void kill(int signal) const;
    /// Blocks until it has ended: the exit code, or 128 + the signal. May be called again.
    int wait();

    /// Blocks until standard output and error together hold `text`. False after `limit`, or when it ends before.
    bool wait_for_output(std::string_view text, std::chrono::seconds limit = std::chrono::seconds{30});
    /// What it has written so far.
    std::string output() const;

 private:
    void collect(int pipe);

    pid_t pid_ = -1;
    int end_signal_;
    int status_ = -1;
    mutable std::mutex mutex_;
    std::condition_variable written_;
    std::string output_;
    bool silent_ = false;  // the pipe has ended
    std::thread collector_;
};

/// Runs a program to its end. Throws std::runtime_error with its output unless it exits with 0.
void run_program(const std::vector<std::string>& command, const process_options& options = {});

/// A TCP port of 127.0.0.1 that nobody listens on at the moment.
unsigned short free_port();

}  // namespace larder::testing
