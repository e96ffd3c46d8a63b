// SPDX-License-Identifier: MIT
// The event loops of a program: one io_context and one thread per core. Loops share no data except objects that are
// designed for it. spawn() passes every coroutine through a gate, so that after stop() the work that was accepted can
// finish. Start reading at spawn() and run().
//
//     runtime rt{{.loops = 2}};
//     rt.spawn(0, accept_loop());
//     rt.run();          // returns after stop() and the drain
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <larder/capped.hpp>
#include <memory>

namespace larder {

struct runtime_options {
    std::size_t loops = 0;           ///< event loops; 0: one per core that this process may use
    capped_seconds drain_limit{10};  ///< how long work may continue after stop(); then it is cut off
};

/// Construct, spawn and destroy on one thread; spawn() and stop() are thread-safe while running.
class runtime {
 public:
    explicit runtime(const runtime_options& options);
    ~runtime();
    runtime(const runtime&) = delete;
    runtime& operator=(const runtime&) = delete;

    std::size_t loops() const noexcept;
    boost::asio::io_context& loop(std::size_t i) noexcept;
    static constexpr std::size_t no_loop = static_cast<std::size_t>(-1);
    /// Returns the index of the loop that runs on the current thread; no_loop on any other thread.
    static std::size_t this_loop() noexcept;

    /// Starts a coroutine on a loop. run() does not return until it has finished or the drain limit has passed. An
    /// exception that escapes from it is passed to the handler of on_error(). Requires: the runtime is not stopping, or
    /// the caller is work that run() still waits for.
    void spawn(std::size_t loop, boost::asio::awaitable<void> work);

    /// Sets the handler for exceptions of coroutines, called on the thread of their loop. The default handler stops the
    /// runtime, and run() rethrows the first exception.
    void on_error(std::function<void(std::exception_ptr)> handler);

    /// Sets a handler that is called once when a stop is requested, on the thread of run(), before the drain begins.
    void on_stop(std::function<void()> handler);

    /// Runs all loops (loop 0 on this thread) until stop(), SIGTERM or SIGINT, then drains. Returns false if work was
    /// cut off at the drain limit.
    bool run();

    /// Makes run() drain and return. May be called from any thread, any number of times.
    void stop() noexcept;
    bool stopping() const noexcept;

    /// Runs one coroutine to completion on loop 0, for command-line programs. Rethrows what it throws.
    void run_until_done(boost::asio::awaitable<void> work);

 private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace larder
