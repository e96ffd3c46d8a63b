// SPDX-License-Identifier: MIT
// `agora import stackexchange`, and the progress display that `agora serve --demo` uses, too.
// run_import_stackexchange() is the command; progress_display prints the progress, as a bar if standard output is a
// terminal.
#include <fmt/format.h>
#include <unistd.h>
#include <agora/application/log.hpp>
#include <agora/application/open_database.hpp>
#include <agora/application/schema.hpp>
#include <agora/cli/cli.hpp>
#include <agora/cli/import_progress.hpp>

#include <cstdio>

namespace agora::cli {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

void print_at_once(std::string_view text)
{
    fmt::print("{}", text);
    std::fflush(stdout);
}

asio::awaitable<void> migrate_and_import(storage::database& db, const std::filesystem::path& dump)
{
    co_await application::bring_up_to_date(db);
    progress_display progress{print_at_once};
    print_at_once(summary_text(co_await import::import_stackexchange(db, dump, progress)));
}

}  // namespace

progress_display::progress_display(std::function<void(std::string_view)> show)
    : show_{std::move(show)}, terminal_{::isatty(STDOUT_FILENO) == 1}
{}

void progress_display::rows_read(std::string_view file, std::int64_t rows, double fraction)
{
    if (file != file_) {
        if (terminal_ && !file_.empty()) show_("\n");
        rows_before_ += rows_in_file_;
        file_ = file;
    }
    rows_in_file_ = rows;
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - started_;
    const auto rate = static_cast<double>(rows_before_ + rows) / std::max(elapsed.count(), 0.001);
    if (terminal_) {
        constexpr int width = 30;
        const std::string done(static_cast<std::size_t>(width * std::clamp(fraction, 0.0, 1.0)), '#');
        show_(fmt::format("\r{:10} [{:{}}] {:3.0f} %  {:>10} rows  {:>8.0f} rows/s", file, done, width, fraction * 100,
                          rows, rate));
    } else {
        show_(fmt::format("{:10} {:3.0f} %  {:>10} rows  {:>8.0f} rows/s\n", file, fraction * 100, rows, rate));
    }
}

std::string summary_text(const import::import_summary& s)
{
    auto text = fmt::format("\nstored: {} users, {} tags, {} posts, {} answers, {} comments, {} likes\n", s.users,
                            s.tags, s.posts, s.answers, s.comments, s.likes);
    if (s.existing != 0) text += fmt::format("already imported: {}\n", s.existing);
    if (s.shown_as_code != 0)
        text += fmt::format("shown as code, because too expensive to convert or without a Markdown form: {}\n",
                            s.shown_as_code);
    for (const auto& [reason, rows] : s.skipped) text += fmt::format("skipped: {:>8}  {}\n", rows, reason);
    return text;
}

int run_import_stackexchange(const application::config& c, const std::filesystem::path& dump)
{
    application::start_log(c);
    larder::runtime runtime{{.loops = 1}};
    // A long timeout, because one statement recounts a whole community.
    const auto db = application::open_database(c, runtime, 10min);
    runtime.run_until_done(migrate_and_import(*db, dump));
    db->close();
    return 0;
}

}  // namespace agora::cli
