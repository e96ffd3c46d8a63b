// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>
#include <agora/app/log.hpp>
#include <larder/json.hpp>

#include <mutex>

namespace agora::app {
namespace {

struct json_line {
    larder::timestamp ts;
    std::string_view level;
    std::string_view msg;
};
BOOST_DESCRIBE_STRUCT(json_line, (), (ts, level, msg))

/// One file descriptor that whole lines are written to: a line is one write(), so that processes may share a file.
class line_file {
 public:
    ~line_file() { close_own(); }

    void open(const std::string& path)
    {
        const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
        if (fd < 0) throw config_error{"LOG_FILE is \"" + path + "\", which cannot be opened for writing"};
        const std::scoped_lock lock{mutex_};
        close_own();
        fd_ = fd;
        path_ = path;
    }

    void reopen()
    {
        if (!path_.empty()) open(path_);
    }

    void write(std::string_view lines)
    {
        const std::scoped_lock lock{mutex_};
        while (!lines.empty()) {
            const auto n = ::write(fd_, lines.data(), lines.size());
            if (n <= 0) return;  // a log that cannot be written stops nobody
            lines.remove_prefix(static_cast<std::size_t>(n));
        }
    }

    bool terminal() const { return ::isatty(fd_) == 1; }

 private:
    void close_own()
    {
        if (fd_ != STDERR_FILENO) ::close(fd_);
    }
    std::mutex mutex_;
    int fd_ = STDERR_FILENO;
    std::string path_;
};

line_file& output()
{
    static line_file file;
    return file;
}

class line_sink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
    explicit line_sink(bool text) : text_{text} {}

 private:
    void sink_it_(const spdlog::details::log_msg& m) override
    {
        if (text_) {
            spdlog::memory_buf_t buffer;
            formatter_->format(m, buffer);
            output().write({buffer.data(), buffer.size()});
            return;
        }
        const auto level = spdlog::level::to_string_view(m.level);
        std::string line;
        larder::json::append(line, json_line{std::chrono::floor<std::chrono::milliseconds>(m.time),
                                             {level.data(), level.size()},
                                             {m.payload.data(), m.payload.size()}});
        line += '\n';
        output().write(line);
    }
    void flush_() override {}

    bool text_;
};

}  // namespace

void start_log(const config& c)
{
    if (!c.log_file.empty()) output().open(c.log_file);
    auto logger = std::make_shared<spdlog::logger>("agora", std::make_shared<line_sink>(output().terminal()));
    logger->set_pattern("%H:%M:%S %l %v");
    logger->set_level(spdlog::level::from_str(c.log_level == "warn" ? "warning" : c.log_level));
    spdlog::set_default_logger(std::move(logger));
}

void reopen_log() { output().reopen(); }

void write_access_lines(std::string_view lines) { output().write(lines); }

}  // namespace agora::app
