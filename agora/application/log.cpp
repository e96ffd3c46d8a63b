// SPDX-License-Identifier: MIT
// The process's log. spdlog's default logger and the access log format lines here and push them to one log_output,
// which writes them on its own thread. start_log() sets everything up.
#include <spdlog/sinks/sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>
#include <agora/application/log.hpp>
#include <agora/application/log_output.hpp>
#include <agora/application/log_text.hpp>
#include <larder/json.hpp>

#include <atomic>

namespace agora::application {
namespace {

struct json_line {
    larder::timestamp ts;
    std::string_view level;
    std::string_view msg;
};
BOOST_DESCRIBE_STRUCT(json_line, (), (ts, level, msg))

/// The format of log lines. Set once, by start_log().
struct line_style {
    bool text = false;
    bool color = false;
};
line_style style;

// Never destroyed, because threads may log until the process ends.
std::atomic<log_output*> output{nullptr};

std::string format_line(larder::timestamp at, std::string_view level, std::string_view message)
{
    std::string line;
    if (style.text) {
        append_text_line(line, text_line{at, level, message}, style.color);
    } else {
        larder::json::append(line, json_line{at, level, message});
    }
    return line += '\n';
}

class log_output_sink final : public spdlog::sinks::sink {
 public:
    void log(const spdlog::details::log_msg& m) override
    {
        const auto level = spdlog::level::to_string_view(m.level);
        output.load()->push(format_line(std::chrono::floor<std::chrono::milliseconds>(m.time),
                                        {level.data(), level.size()}, {m.payload.data(), m.payload.size()}));
    }
    void flush() override {}
    void set_pattern(const std::string&) override {}
    void set_formatter(std::unique_ptr<spdlog::formatter>) override {}
};

std::string notice_line(std::string_view message)
{
    return format_line(larder::system_clock().wall(), "error", message);
}

void append_access_text(std::string& to, const http::access_record& r) { append_text_line(to, r, style.color); }

/// Call it before the log file is opened.
bool is_terminal(const std::string& log_file) { return log_file.empty() && ::isatty(STDERR_FILENO) == 1; }

}  // namespace

void start_log(const config& c)
{
    const bool terminal = is_terminal(c.log_file);
    style.text = c.log_style == log_format::text || (c.log_style == log_format::automatic && terminal);
    style.color = terminal && c.color;
    auto* made = new log_output{STDERR_FILENO, notice_line};
    output = made;
    try {
        if (!c.log_file.empty()) made->open(c.log_file);
    } catch (const std::system_error& e) {
        throw config_error{"LOG_FILE is \"" + c.log_file + "\", which cannot be opened for writing: " +
                           e.code().message() + "; create its folder, or choose another file"};
    }
    auto logger = std::make_shared<spdlog::logger>("agora", std::make_shared<log_output_sink>());
    logger->set_level(spdlog::level::from_str(c.log_level == "warn" ? "warning" : c.log_level));
    spdlog::set_default_logger(std::move(logger));
}

void reopen_log()
{
    if (auto* to = output.load()) to->reopen();
}

void flush_log(std::chrono::milliseconds limit) noexcept
{
    if (auto* to = output.load()) to->flush(limit);
}

std::uint64_t dropped_log_lines()
{
    const auto* to = output.load();
    return to == nullptr ? 0 : to->dropped();
}

http::access_sink access_lines()
{
    http::access_sink s;
    s.write = [](std::string_view lines) { output.load()->push(lines); };
    if (style.text) s.format = append_access_text;
    return s;
}

}  // namespace agora::application
