// SPDX-License-Identifier: MIT
// Child processes and temporary folders for tests. The kernel ends a child when the test program dies, for whatever
// reason. The output of a child is kept, so that a test can wait for a line instead of sleeping. Start with process and
// run_program().
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

/// A new folder, which the destructor removes with everything in it.
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
    std::filesystem::path folder;         ///< working folder; empty: that of the test
    uid_t user = static_cast<uid_t>(-1);  ///< user to run as, together with the group; only if the test runs as root
    gid_t group = static_cast<gid_t>(-1);
    int end_signal = SIGKILL;  ///< sent by the destructor, and by the kernel when the test program dies
};

/// A running program. Start it on the test's main thread, because the kernel ends the child when the thread that
/// started it ends.
class process {
 public:
    /// Throws std::system_error if the process cannot be made. If the program cannot be run, the exit code is 127.
    explicit process(const std::vector<std::string>& command, const process_options& options = {});
    ~process();
    process(const process&) = delete;
    process& operator=(const process&) = delete;

    pid_t pid() const noexcept { return pid_; }
    void kill(int signal) const;
    /// Blocks until the process has ended. Returns the exit code, or 128 + the signal. May be called again.
    int wait();

    /// Blocks until standard output and error, taken together, contain `text`. False after `limit`, or if the output
    /// ends before.
    bool wait_for_output(std::string_view text, std::chrono::seconds limit = std::chrono::seconds{30});
    /// What the process has written so far.
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

/// Runs a program to its end. Throws std::runtime_error with its output if the exit code is not 0.
void run_program(const std::vector<std::string>& command, const process_options& options = {});

/// A TCP port of 127.0.0.1 on which nobody listens at the moment.
unsigned short free_port();

}  // namespace larder::testing
