// SPDX-License-Identifier: MIT
// The event loops. Each loop has an io_context that one thread runs, and a gate that all spawned work passes. A stop
// (state::request_stop()) closes the gates and, when the work of every loop has finished or the drain limit has passed,
// stops all loops together. Start reading at runtime::run() and state::begin_drain().
#include <pthread.h>
#include <sched.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <larder/runtime.hpp>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "gate.hpp"

namespace larder {

namespace asio = boost::asio;

namespace {

thread_local std::size_t current_loop = runtime::no_loop;

std::size_t usable_cores()
{
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    return static_cast<std::size_t>(CPU_COUNT(&set));
}

struct event_loop {
    event_loop() : io{1}, work{asio::make_work_guard(io)}, inside{io.get_executor()} {}
    asio::io_context io;  // concurrency hint 1: one thread runs it, others only post to it
    asio::executor_work_guard<asio::io_context::executor_type> work;
    gate inside;
};

}  // namespace

struct runtime::state {
    explicit state(const runtime_options& o) : options{o}
    {
        const auto n = o.loops != 0 ? o.loops : usable_cores();
        for (std::size_t i = 0; i < n; ++i) loops.push_back(std::make_unique<event_loop>());
        failed = [this](std::exception_ptr e) {
            const std::scoped_lock lock{error_mutex};
            if (!first_error) first_error = e;
            request_stop();
        };
    }

    void request_stop() noexcept;
    void begin_drain();
    void wait_for_signals(asio::signal_set& signals);
    void run_loop(std::size_t i);
    asio::awaitable<void> enter(std::size_t i, asio::awaitable<void> work);
    asio::awaitable<void> drain(std::size_t i);

    runtime_options options;
    std::vector<std::unique_ptr<event_loop>> loops;
    std::function<void(std::exception_ptr)> failed;
    std::function<void()> stop_handler = [] {};
    std::atomic<bool> stop_requested = false;
    std::atomic<std::size_t> undrained = 0;
    std::atomic<bool> cut_off = false;
    std::optional<asio::steady_timer> drain_timer;
    std::mutex error_mutex;
    std::exception_ptr first_error;
};

runtime::runtime(const runtime_options& options) : state_{std::make_unique<state>(options)} {}
runtime::~runtime() = default;

std::size_t runtime::loops() const noexcept { return state_->loops.size(); }
asio::io_context& runtime::loop(std::size_t i) noexcept { return state_->loops[i]->io; }
std::size_t runtime::this_loop() noexcept { return current_loop; }
bool runtime::stopping() const noexcept { return state_->stop_requested; }
void runtime::stop() noexcept { state_->request_stop(); }
void runtime::on_error(std::function<void(std::exception_ptr)> handler) { state_->failed = std::move(handler); }
void runtime::on_stop(std::function<void()> handler) { state_->stop_handler = std::move(handler); }

asio::awaitable<void> runtime::state::enter(std::size_t i, asio::awaitable<void> work)
{
    const auto pass = loops[i]->inside.enter();
    co_await std::move(work);
}

void runtime::spawn(std::size_t loop, asio::awaitable<void> work)
{
    // The gate belongs to the loop's thread, so the coroutine enters it there, as its first step.
    asio::co_spawn(state_->loops[loop]->io, state_->enter(loop, std::move(work)),
                   [s = state_.get()](std::exception_ptr e) {
                       if (e) s->failed(e);
                   });
}

void runtime::state::request_stop() noexcept
{
    if (stop_requested.exchange(true)) return;
    asio::post(loops[0]->io, [this] { begin_drain(); });
}

void runtime::state::begin_drain()
{
    try {
        stop_handler();
    } catch (...) {
        failed(std::current_exception());  // the drain continues all the same
    }
    undrained = loops.size();
    drain_timer.emplace(loops[0]->io, options.drain_limit);
    drain_timer->async_wait([this](boost::system::error_code ec) {
        if (ec) return;
        cut_off = true;
        for (auto& l : loops) l->io.stop();
    });
    for (std::size_t i = 0; i < loops.size(); ++i) {
        asio::co_spawn(loops[i]->io, drain(i), [](std::exception_ptr) {});
    }
}

asio::awaitable<void> runtime::state::drain(std::size_t i)
{
    loops[i]->inside.close();
    co_await loops[i]->inside.drained();
    // All loops stop together, because the last coroutine of one loop may still communicate with another loop.
    if (--undrained == 0) {
        for (auto& l : loops) l->io.stop();
    }
}

void runtime::state::wait_for_signals(asio::signal_set& signals)
{
    signals.async_wait([this, &signals](boost::system::error_code ec, int) {
        if (ec) return;
        wait_for_signals(signals);
        request_stop();
    });
}

void runtime::state::run_loop(std::size_t i)
{
    current_loop = i;
    for (;;) {
        try {
            loops[i]->io.run();
            break;
        } catch (...) {
            failed(std::current_exception());
        }
    }
    current_loop = no_loop;
}

bool runtime::run()
{
    asio::signal_set signals{loop(0), SIGTERM, SIGINT};
    state_->wait_for_signals(signals);
    {
        std::vector<std::jthread> threads;
        for (std::size_t i = 1; i < loops(); ++i) threads.emplace_back([this, i] { state_->run_loop(i); });
        state_->run_loop(0);
    }
    if (state_->first_error) std::rethrow_exception(state_->first_error);
    return !state_->cut_off;
}

void runtime::run_until_done(asio::awaitable<void> work)
{
    std::exception_ptr error;
    asio::co_spawn(loop(0), std::move(work), [&](std::exception_ptr e) {
        error = e;
        loop(0).stop();
    });
    loop(0).restart();
    state_->run_loop(0);
    loop(0).restart();
    if (error) std::rethrow_exception(error);
}

}  // namespace larder
