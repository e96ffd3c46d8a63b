// SPDX-License-Identifier: MIT
// The Redis client for programs without Asio: the same calls, but blocking. One background thread runs the event loop;
// concurrent calls from many threads share its connection and are pipelined.
//
//     larder::redis::blocking_client redis{*parse_url("redis://localhost")};
//     auto visits = redis.exec<long>(request{"INCR", "visits"});
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <larder/redis/client.hpp>

namespace larder::redis {

/// Thread-safe. Must not be called from its own event loop, where it would wait for itself.
class blocking_client {
 public:
    explicit blocking_client(const options& o);
    /// Fails all pending calls and stops the thread.
    ~blocking_client();
    blocking_client(const blocking_client&) = delete;
    blocking_client& operator=(const blocking_client&) = delete;

    /// The same functions as in client; see there.
    template <class T = void>
    reply<T> exec(request what, exec_options o = {})
    {
        return wait(client_.exec<T>(std::move(what), o));
    }
    template <class... Ts>
    reply<std::tuple<reply<Ts>...>> pipeline(request what, exec_options o = {})
    {
        return wait(client_.pipeline<Ts...>(std::move(what), o));
    }
    template <class... Ts>
    reply<std::tuple<reply<Ts>...>> transaction(request what, exec_options o = {})
    {
        return wait(client_.transaction<Ts...>(std::move(what), o));
    }
    reply<void> connect() { return wait(client_.connect()); }

    /// Runs any coroutine to completion on the event loop and returns its result; rethrows what it throws.
    template <class T>
    T wait(boost::asio::awaitable<T> work)
    {
        return boost::asio::co_spawn(loop(), std::move(work), boost::asio::use_future).get();
    }
    client& async() noexcept { return client_; }

 private:
    boost::asio::io_context& loop() noexcept;

    struct background;
    std::unique_ptr<background> background_;
    client client_;
};

}  // namespace larder::redis
