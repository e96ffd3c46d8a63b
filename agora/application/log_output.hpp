// SPDX-License-Identifier: MIT
// The way of lines to a file descriptor. Lines are queued and a thread of its own writes them, so a pipe that nobody
// drains or a slow disk blocks no event loop. The queue is bounded: lines that do not fit are dropped and counted, and
// one line says how many as soon as lines can be written again. A block is one write() where the kernel takes it whole,
// so processes may share a file. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace agora::application {

class log_output {
 public:
    static constexpr std::size_t queue_limit = 1024 * 1024;  ///< bytes that wait to be written

    /// Makes the line that tells of dropped lines, and of a file that cannot be opened again.
    using notice = std::function<std::string(std::string_view message)>;

    /// Writes to `fd`, which stays the caller's, until open() names a file.
    log_output(int fd, notice make_notice);
    /// Writes what can be written without waiting.
    ~log_output();
    log_output(const log_output&) = delete;
    log_output& operator=(const log_output&) = delete;

    /// Writes to this file from now on. Throws std::system_error and changes nothing when it cannot be opened.
    void open(const std::string& path);
    /// Opens the file again, soon and on the writer's thread; requests that come meanwhile are one. When it cannot be
    /// opened, the old file is written to and a line of it says so.
    void reopen();

    /// Never waits for the descriptor. `lines` are whole.
    void push(std::string_view lines);

    /// Waits until everything is written. False: not within `limit`.
    bool flush(std::chrono::milliseconds limit);

    std::uint64_t dropped() const;

 private:
    void run();
    bool wait_for_work(std::string& batch, std::uint64_t& lost, bool& open_again);
    void open_again();
    void write_batch(std::string_view batch, std::uint64_t lost);
    bool tell_of_losses(std::string_view why);
    std::string_view write_all(std::string_view text);
    bool wait_until_writable() const;
    void own(int fd);
    bool ending() const;

    const notice make_notice_;

    mutable std::mutex mutex_;
    std::condition_variable arrived_;
    std::condition_variable written_;
    std::string queue_;
    std::string path_;
    std::uint64_t lost_ = 0;     // lines that did not fit, of which no line tells yet
    std::uint64_t dropped_ = 0;  // all lines that were never written
    bool open_again_ = false;
    bool busy_ = false;
    bool ending_ = false;

    // The thread's own.
    int fd_;
    bool owned_ = false;
    bool in_line_ = false;      // the last write has left half a line
    std::uint64_t unsaid_ = 0;  // dropped lines of which no line tells yet
    int error_ = 0;             // why the last write failed
    std::thread thread_;
};

}  // namespace agora::application
