// SPDX-License-Identifier: MIT
// Signals and standard files. A detached thread waits for signals (handle_signals()) and acts according to the phase of
// the process; process.hpp has the table of phases. Invariant: every change of phase happens under
// process_state::mutex, so a signal sees either the old or the new phase.
#include <fcntl.h>
#include <unistd.h>
#include <agora/application/log.hpp>
#include <agora/application/process.hpp>
#include <agora/log.hpp>

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

enum class phase { command, starting, serving, stopping, ending };

/// Shared by the threads that change the phase and the thread that handles signals.
struct process_state {
    std::mutex mutex;
    phase now = phase::command;
    std::function<void()> stop;
    std::chrono::seconds limit{};
    std::optional<steady::time_point> deadline;  ///< set while stopping
};

// Never destroyed, because the signal thread runs until the process ends.
process_state& current()
{
    static auto* l = new process_state;
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

[[noreturn]] void exit_now(int code)
{
    flush_log();
    ::_exit(code);
}

/// Ends the process as if the signal had not been handled, so that shells see the cause. Process 1, which the kernel
/// protects from signals with the default action, exits with the status that shells use for the signal.
[[noreturn]] void exit_by_signal(int signal)
{
    if (auto* restore = restore_terminal.load()) restore();
    flush_log();
    std::signal(signal, SIG_DFL);
    const auto only = set_of({signal});
    ::pthread_sigmask(SIG_UNBLOCK, &only, nullptr);
    ::kill(::getpid(), signal);
    ::_exit(128 + signal);
}

void handle_stop_signal(int signal)
{
    auto& l = current();
    const std::scoped_lock lock{l.mutex};
    switch (l.now) {
        case phase::command:
            exit_by_signal(signal);
        case phase::starting:
            log::info("stopped before serving requests");
            exit_now(0);
        case phase::serving:
            l.now = phase::stopping;
            l.deadline = steady::now() + l.limit;
            l.stop();
            break;
        case phase::stopping:
            log::info("already stopping: finishing the accepted requests");
            break;
        case phase::ending:
            exit_now(0);
    }
}

/// How long to wait for a signal; nullopt: forever.
std::optional<timespec> time_left()
{
    auto& l = current();
    const std::scoped_lock lock{l.mutex};
    if (!l.deadline) return std::nullopt;
    const auto left = std::max(steady::duration{0}, *l.deadline - steady::now());
    const auto whole = std::chrono::floor<std::chrono::seconds>(left);
    return timespec{whole.count(), std::chrono::nanoseconds{left - whole}.count()};
}

void exit_if_overdue()
{
    auto& l = current();
    const std::scoped_lock lock{l.mutex};
    if (!l.deadline || steady::now() < *l.deadline) return;
    log::error("the event loops did not stop in time; exiting anyway");
    exit_now(1);
}

void handle_signals(const sigset_t& taken)
{
    for (;;) {
        const auto left = time_left();
        const int signal = ::sigtimedwait(&taken, nullptr, left ? &*left : nullptr);
        if (signal == SIGHUP || signal == SIGUSR1) {
            reopen_log();
        } else if (signal > 0) {
            handle_stop_signal(signal);
        } else if (errno == EAGAIN) {
            exit_if_overdue();
        }
    }
}

void open_standard_files()
{
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        // open() returns the lowest free descriptor, which is this one.
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
        handle_signals(all);
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
