// SPDX-License-Identifier: MIT
// Writes log lines to a file descriptor. Lines are queued, and a separate thread writes them, so a pipe that nobody
// drains or a slow disk does not block an event loop. The queue is bounded: lines that do not fit are dropped and
// counted, and as soon as writing succeeds again, one line reports their number. A block is written with one write()
// where the kernel accepts it whole, so several processes may share a file. Thread-safe.
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
    static constexpr std::size_t queue_limit = 1024 * 1024;  ///< maximum number of bytes that wait to be written

    /// Formats the line that reports dropped lines, or a file that cannot be reopened.
    using notice = std::function<std::string(std::string_view message)>;

    /// Writes to `fd`, which the caller keeps open and owns, until open() is called.
    log_output(int fd, notice make_notice);
    /// Writes what can be written without waiting, then ends the thread.
    ~log_output();
    log_output(const log_output&) = delete;
    log_output& operator=(const log_output&) = delete;

    /// Writes to this file from now on. Throws std::system_error when the file cannot be opened; then nothing changes.
    void open(const std::string& path);
    /// Reopens the file, soon and on the writer's thread. Several calls before that count as one. When the file cannot
    /// be opened, the old file stays in use, and a line in it reports the failure.
    void reopen();

    /// Never waits for the descriptor. Requires: `lines` consists of whole lines.
    void push(std::string_view lines);

    /// Waits until everything is written. Returns false when that takes longer than `limit`.
    bool flush(std::chrono::milliseconds limit);

    std::uint64_t dropped() const;

 private:
    void run();
    bool wait_for_work(std::string& batch, std::uint64_t& lost, bool& open_again);
    void open_again();
    void write_batch(std::string_view batch, std::uint64_t lost);
    bool report_dropped_lines(std::string_view why);
    std::string_view write_all(std::string_view text);
    bool wait_until_writable() const;
    void replace_descriptor(int fd);
    bool ending() const;

    const notice make_notice_;

    mutable std::mutex mutex_;
    std::condition_variable work_available_;
    std::condition_variable idle_;
    std::string queue_;
    std::string path_;
    std::uint64_t lost_ = 0;     // lines that did not fit since the last batch
    std::uint64_t dropped_ = 0;  // all lines that were never written
    bool open_again_ = false;
    bool busy_ = false;
    bool ending_ = false;

    // Used by the writer thread, and by open() after a flush.
    int fd_;
    bool owns_fd_ = false;
    bool inside_line_ = false;      // whether the last write ended in the middle of a line
    std::uint64_t unreported_ = 0;  // dropped lines that have not been reported yet
    int error_ = 0;                 // errno of the last write that failed
    std::thread thread_;
};

}  // namespace agora::application
