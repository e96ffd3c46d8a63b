// SPDX-License-Identifier: MIT
// The writer thread of the log. run() takes everything that is queued as one batch and writes it; push() only appends
// to the queue. Invariant: every dropped line is counted in dropped_ and reported by a line as soon as writing
// succeeds.
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <agora/application/log_output.hpp>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <system_error>
#include <utility>

namespace agora::application {
namespace {

// How often to check, while a pipe is full, whether the log is being destroyed.
constexpr int poll_interval_ms = 100;

std::uint64_t lines_in(std::string_view text)
{
    return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

/// Opens the file without blocking: a FIFO without a reader is an error. Throws std::system_error.
int open_file(const std::string& path)
{
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640);
    if (fd < 0) throw std::system_error{errno, std::generic_category()};
    return fd;
}

/// The number of bytes that a writable pipe or terminal accepts without blocking; for a regular file, the whole text.
std::size_t piece_of(int fd, std::string_view text)
{
    struct stat s{};
    if ((::fstat(fd, &s) == 0 && S_ISREG(s.st_mode)) || text.size() <= PIPE_BUF) return text.size();
    const auto end = text.rfind('\n', PIPE_BUF - 1);
    return end == std::string_view::npos ? PIPE_BUF : end + 1;
}

}  // namespace

log_output::log_output(int fd, notice make_notice)
    : make_notice_{std::move(make_notice)}, fd_{fd}, thread_{[this] { run(); }}
{}

log_output::~log_output()
{
    {
        const std::scoped_lock lock{mutex_};
        ending_ = true;
    }
    work_available_.notify_one();
    thread_.join();
    if (owns_fd_) ::close(fd_);
}

void log_output::open(const std::string& path)
{
    const int fd = open_file(path);
    flush(std::chrono::milliseconds{100});
    const std::scoped_lock lock{mutex_};
    replace_descriptor(fd);
    path_ = path;
}

void log_output::replace_descriptor(int fd)
{
    if (owns_fd_) ::close(fd_);
    fd_ = fd;
    owns_fd_ = true;
    inside_line_ = false;
}

void log_output::reopen()
{
    {
        const std::scoped_lock lock{mutex_};
        if (path_.empty()) return;
        open_again_ = true;
    }
    work_available_.notify_one();
}

void log_output::push(std::string_view lines)
{
    {
        const std::scoped_lock lock{mutex_};
        if (queue_.size() + lines.size() > queue_limit) {
            lost_ += lines_in(lines);
            dropped_ += lines_in(lines);
            return;
        }
        queue_ += lines;
    }
    work_available_.notify_one();
}

bool log_output::flush(std::chrono::milliseconds limit)
{
    std::unique_lock lock{mutex_};
    return idle_.wait_for(lock, limit, [&] { return queue_.empty() && !busy_ && !open_again_; });
}

std::uint64_t log_output::dropped() const
{
    const std::scoped_lock lock{mutex_};
    return dropped_;
}

bool log_output::ending() const
{
    const std::scoped_lock lock{mutex_};
    return ending_;
}

/// Returns false when there is no work and the log is being destroyed.
bool log_output::wait_for_work(std::string& batch, std::uint64_t& lost, bool& open_again)
{
    std::unique_lock lock{mutex_};
    busy_ = false;
    idle_.notify_all();
    work_available_.wait(lock, [&] { return ending_ || open_again_ || !queue_.empty(); });
    batch.clear();
    batch.swap(queue_);
    lost = std::exchange(lost_, 0);
    open_again = std::exchange(open_again_, false);
    busy_ = !batch.empty() || open_again;
    return busy_;
}

void log_output::run()
{
    std::string batch;
    std::uint64_t lost = 0;
    bool again = false;
    while (wait_for_work(batch, lost, again)) {
        if (again) open_again();
        write_batch(batch, lost);
    }
}

void log_output::open_again()
{
    try {
        const int fd = open_file(path_);
        const std::scoped_lock lock{mutex_};
        replace_descriptor(fd);
    } catch (const std::system_error& e) {
        write_all(make_notice_("LOG_FILE \"" + path_ + "\" cannot be opened again: " + e.code().message() +
                               "; logging continues to the old file"));
    }
}

/// Writes a line with the number of dropped lines, if there are any. Returns false when that line cannot be written
/// either.
bool log_output::report_dropped_lines(std::string_view why)
{
    if (unreported_ == 0) return true;
    const auto text = make_notice_(std::to_string(unreported_) + " log lines were dropped: " + std::string{why});
    if (!write_all((inside_line_ ? "\n" : "") + text).empty()) return false;
    unreported_ = 0;
    return true;
}

/// `lost`: number of lines that did not fit into the queue while this batch was waiting in it. They belong after the
/// batch.
void log_output::write_batch(std::string_view batch, std::uint64_t lost)
{
    // While writing fails, each batch makes only one attempt, with the line that reports the dropped lines.
    const auto rest = report_dropped_lines(std::generic_category().message(error_)) ? write_all(batch) : batch;
    const auto unwritten = lines_in(rest);
    unreported_ += unwritten + lost;
    if (rest.empty()) {
        report_dropped_lines("they arrived faster than they could be written");
    } else {
        const std::scoped_lock lock{mutex_};
        dropped_ += unwritten;
    }
}

/// Returns the part that could not be written. error_ then has the reason.
std::string_view log_output::write_all(std::string_view text)
{
    while (!text.empty()) {
        if (!wait_until_writable()) break;
        const auto n = ::write(fd_, text.data(), piece_of(fd_, text));
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (n <= 0) {
            error_ = errno;
            break;
        }
        inside_line_ = text[static_cast<std::size_t>(n) - 1] != '\n';
        text.remove_prefix(static_cast<std::size_t>(n));
    }
    return text;
}

/// Returns false when the log is being destroyed first. Returns true also for a descriptor whose write() will fail.
bool log_output::wait_until_writable() const
{
    pollfd p{fd_, POLLOUT, 0};
    while (::poll(&p, 1, poll_interval_ms) == 0) {
        if (ending()) return false;
    }
    return true;
}

}  // namespace agora::application
