// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <unistd.h>
#include <agora/application/log.hpp>
#include <agora/application/process.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <mutex>
#include <optional>
#include <thread>

namespace agora::application {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

enum class phase { verb, starting, serving, stopping, ending };

/// Shared by the threads that move from phase to phase and the one that takes signals.
struct life {
    std::mutex mutex;
    phase now = phase::verb;
    std::function<void()> stop;
    std::chrono::seconds limit{};
    std::optional<steady::time_point> deadline;  ///< when stopping
};

// Never destroyed: the thread of the signals runs until the process is gone.
life& current()
{
    static auto* l = new life;
    return *l;
}

std::atomic<void (*)()> restore_terminal{nullptr};

sigset_t set_of(std::initializer_list<int> signals)
{
    sigset_t s;
    sigemptyset(&s);
    for (const int n : signals) sigaddset(&s, n);
    return s;
}

[[noreturn]] void end_now(int code)
{
    flush_log();
    ::_exit(code);
}

/// As if nothing had taken the signal, so that shells see what happened. A process with the number 1, which the kernel
/// protects from that, ends with the code that shells give it.
[[noreturn]] void end_by(int signal)
{
    if (auto* restore = restore_terminal.load()) restore();
    flush_log();
    std::signal(signal, SIG_DFL);
    const auto only = set_of({signal});
    ::pthread_sigmask(SIG_UNBLOCK, &only, nullptr);
    ::kill(::getpid(), signal);
    ::_exit(128 + signal);
}

void take_stop(int signal)
{
    auto& l = current();
    const std::scoped_lock lock{l.mutex};
    switch (l.now) {
        case phase::verb:
            end_by(signal);
        case phase::starting:
            spdlog::info("stopped before it served");
            end_now(0);
        case phase::serving:
            l.now = phase::stopping;
            l.deadline = steady::now() + l.limit;
            l.stop();
            break;
        case phase::stopping:
            spdlog::info("already stopping: finishing what was accepted");
            break;
        case phase::ending:
            end_now(0);
    }
}

/// How long a signal may be waited for; nullopt: for ever.
std::optional<timespec> time_left()
{
    auto& l = current();
    const std::scoped_lock lock{l.mutex};
    if (!l.deadline) return std::nullopt;
    const auto left = std::max(steady::duration{0}, *l.deadline - steady::now());
    const auto whole = std::chrono::floor<std::chrono::seconds>(left);
    return timespec{whole.count(), std::chrono::nanoseconds{left - whole}.count()};
}

void end_when_late()
{
    auto& l = current();
    const std::scoped_lock lock{l.mutex};
    if (!l.deadline || steady::now() < *l.deadline) return;
    spdlog::error("the event loops have not stopped in time; ending without them");
    end_now(1);
}

void take_signals(const sigset_t& taken)
{
    for (;;) {
        const auto left = time_left();
        const int signal = ::sigtimedwait(&taken, nullptr, left ? &*left : nullptr);
        if (signal == SIGHUP || signal == SIGUSR1) {
            reopen_log();
        } else if (signal > 0) {
            take_stop(signal);
        } else if (errno == EAGAIN) {
            end_when_late();
        }
    }
}

void open_standard_files()
{
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        // The lowest free number is taken, so this one is.
        if (::fcntl(fd, F_GETFD) >= 0 || errno != EBADF) continue;
        if (::open("/dev/null", O_RDWR) < 0) return;
    }
}

}  // namespace

void prepare_process()
{
    open_standard_files();
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);
    const auto stops = set_of({SIGTERM, SIGINT});
    ::pthread_sigmask(SIG_BLOCK, &stops, nullptr);
    std::thread{[] {
        const auto all = set_of({SIGTERM, SIGINT, SIGHUP, SIGUSR1});
        ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
        take_signals(all);
    }}.detach();
}

void before_interruption(void (*restore)()) { restore_terminal = restore; }

void begin_service()
{
    const auto reloads = set_of({SIGHUP, SIGUSR1});
    ::pthread_sigmask(SIG_BLOCK, &reloads, nullptr);
    const std::scoped_lock lock{current().mutex};
    current().now = phase::starting;
}

void begin_serving(std::function<void()> stop, std::chrono::seconds limit)
{
    const std::scoped_lock lock{current().mutex};
    current().now = phase::serving;
    current().stop = std::move(stop);
    current().limit = limit;
}

void end_serving()
{
    const std::scoped_lock lock{current().mutex};
    current().now = phase::ending;
    current().deadline.reset();
    current().stop = nullptr;
}

}  // namespace agora::application
