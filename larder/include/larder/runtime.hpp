// SPDX-License-Identifier: MIT
// The event loops: one io_context and one thread per core, nothing shared between loops but what is built for it.
// spawn() puts every coroutine behind a gate, so that stop() can wait for what was accepted before it ends.
//
//     runtime rt{{.loops = 2}};
//     rt.spawn(0, accept_loop());
//     rt.run();          // returns after stop() and the drain
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <larder/capped.hpp>
#include <larder/gate.hpp>
#include <memory>
#include <vector>

namespace larder {

struct runtime_options {
    std::size_t loops = 0;           ///< event loops; 0 = one per core this process may use
    capped_seconds drain_limit{10};  ///< how long stop() waits for running work before it is cut off
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
    /// The number of the loop whose thread this is; no_loop on any other thread.
    static std::size_t this_loop() noexcept;

    /// Starts a coroutine on a loop. run() does not return before it has ended (or the drain limit has passed).
    /// An exception that leaves it is given to the handler of on_error().
    /// Requires: not stopping, or called by work that run() still waits for.
    void spawn(std::size_t loop, boost::asio::awaitable<void> work);

    /// Called, on its loop's thread, with the exception of every coroutine that failed. Default: stop, and
    /// rethrow the first one from run().
    void on_error(std::function<void(std::exception_ptr)> handler);

    /// Called once on the thread of run() when a stop is asked for, before the drain begins.
    void on_stop(std::function<void()> handler);
    /// Called on the thread of run() at each SIGHUP.
    void on_reload(std::function<void()> handler);

    /// Runs all loops (loop 0 on this thread) until stop(), SIGTERM or SIGINT, then drains.
    /// Returns false when the drain limit cut work off.
    bool run();

    /// Asks run() to drain and return. From any thread, any number of times.
    void stop() noexcept;
    bool stopping() const noexcept;

    /// Runs one coroutine to its end on loop 0, for command line verbs; rethrows what it throws.
    void run_until_done(boost::asio::awaitable<void> work);

 private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace larder
