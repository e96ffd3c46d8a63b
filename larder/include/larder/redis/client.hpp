// SPDX-License-Identifier: MIT
// The Redis client: takes commands and returns typed replies, over one pipelined connection per event loop. Start with
// client::exec().
//
//     larder::redis::client redis{runtime, *parse_url("redis://localhost")};
//     auto name = co_await redis.exec<std::optional<std::string>>(request{"GET", "name"});
//     if (!name) log(name.error().message);          // name.error().outcome: refused, not_sent or unknown
//
// Commands issued in one iteration of the event loop are sent in one write. A command that is cancelled (by Asio's
// cancellation or its deadline) keeps its place in the queue, where its reply is discarded, so a caller never gets the
// reply to another caller's command. Calls may come from any thread; a call from a thread that does not run one of the
// client's loops is executed on a loop and returns to the caller. docs/concepts/redis-client.md explains each outcome.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <larder/redis/operation.hpp>
#include <larder/redis/options.hpp>
#include <larder/redis/script.hpp>
#include <larder/runtime.hpp>
#include <larder/timeout.hpp>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace larder::redis {

/// One finished command, for logs and metrics. The views are valid during the call.
struct command_record {
    std::string_view name;
    std::string_view key;  ///< the first key; empty if the command has none
    std::uint32_t commands = 1;
    redis::outcome outcome = redis::outcome::ok;
    std::chrono::nanoseconds time{};
};

/// A connection was established or lost. Reported on the connection's loop, in order with its replies and pushes.
struct connection_event {
    bool up = false;
    bool tracked = false;
    std::uint64_t generation = 0;  ///< incremented for each connection established on this loop
};

struct client_state {
    bool connected = false;
    circuit_breaker::state breaker = circuit_breaker::state::closed;
    std::size_t waiting = 0;  ///< commands that wait for a reply
    std::string server;       ///< host and port of the connection
    std::string version;      ///< server version; empty: unknown
    std::string tls;          ///< protocol and cipher; empty: no TLS
    std::string tls_problem;  ///< a changed certificate file that cannot be used; the old one stays in use
    bool resp3 = false;
    bool tracked = false;  ///< the server pushes invalidations
    error failure;         ///< of the last attempt to connect or to send
};

class client {
 public:
    /// Does not connect yet; the first command or connect() does. Throws boost::system::system_error when a certificate
    /// file cannot be read. The runtime or context must outlive the client.
    client(runtime& loops, const options& o);
    client(boost::asio::io_context& loop, const options& o);
    /// Closes the connections. Requires: no call is in progress; disconnect() ends those that are.
    ~client();
    client(const client&) = delete;
    client& operator=(const client&) = delete;

    /// Sends one command and returns its reply as a T (see decode.hpp); void accepts any reply. For a script
    /// (script.hpp), the text is sent if the server does not know its hash.
    template <class T = void>
    boost::asio::awaitable<reply<T>> exec(request what, exec_options o = {})
    {
        return run<detail::single<T>, reply<T>>(std::move(what), o);
    }

    /// Copies the text of one reply into `to`, without any allocation, and returns the part of `to` that it fills;
    /// nullopt for null. If the text does not fit, the error has outcome ok and errc::overloaded.
    boost::asio::awaitable<reply<std::optional<std::span<char>>>> exec_into(request what, std::span<char> to,
                                                                            exec_options o = {})
    {
        return run<detail::into_buffer, reply<std::optional<std::span<char>>>>(std::move(what), o, to);
    }

    /// Calls f(index, const resp::value&) for each reply, including errors, without copying; the views are valid during
    /// the call. `f` runs on one of the client's loops, must outlive this call, and is called again from the first
    /// reply if the request is retried.
    template <class F>
    boost::asio::awaitable<reply<void>> visit(request what, F& f, exec_options o = {})
    {
        return run<detail::visiting<F>, reply<void>>(std::move(what), o, &f);
    }

    /// Sends several commands in one write; each has its own outcome. There is one type in `Ts` per command.
    template <class... Ts>
    boost::asio::awaitable<reply<std::tuple<reply<Ts>...>>> pipeline(request what, exec_options o = {})
    {
        return run<detail::several<false, Ts...>, reply<std::tuple<reply<Ts>...>>>(std::move(what), o);
    }

    /// Like pipeline(), for a number of commands that is known only at run time.
    template <class T>
    boost::asio::awaitable<reply<std::vector<reply<T>>>> exec_each(request what, exec_options o = {})
    {
        return run<detail::each<T>, reply<std::vector<reply<T>>>>(std::move(what), o);
    }

    /// Sends MULTI, the commands and EXEC. Either all commands are executed or none; the unit is never split, and never
    /// repeated in part.
    template <class... Ts>
    boost::asio::awaitable<reply<std::tuple<reply<Ts>...>>> transaction(request what, exec_options o = {})
    {
        what.make_transaction();
        return run<detail::several<true, Ts...>, reply<std::tuple<reply<Ts>...>>>(std::move(what), o);
    }

    /// Waits until this loop has a connection whose handshake is complete, up to the connect time-out.
    boost::asio::awaitable<reply<void>> connect();
    /// Fails all pending calls with errc::closed and closes all connections. The client cannot be used afterwards.
    boost::asio::awaitable<void> disconnect();
    /// These two describe the connection of the current loop, or that of the first loop when called from elsewhere.
    bool is_connected() const;
    boost::asio::awaitable<client_state> state();

    /// Returns the result of operation(), or `fallback` if it failed or threw; for programs that can work without
    /// Redis. The failure is passed to the handler of on_failure(). `operation` returns an awaitable of reply<T> or of
    /// T.
    template <class Operation, class T>
    boost::asio::awaitable<T> safe(std::string_view name, Operation& operation, T fallback)
    {
        try {
            auto result = co_await operation();
            if constexpr (detail::is_reply<decltype(result)>::value) {
                if (result.has_value()) co_return *std::move(result);
                report(name, result.error());
            } else {
                co_return result;
            }
        } catch (const boost::system::system_error& e) {
            report(name, {outcome::unknown, e.code(), e.what()});
        }
        co_return fallback;
    }
    // Handlers. Set them before the first call.

    /// Called on any loop, with the name that was passed to safe(). Also called with the name "tls" when certificate
    /// files have changed and cannot be used; the old ones stay in use.
    void on_failure(std::function<void(std::string_view name, const error& e)> f);
    /// Called after each command. The record contains no values and no passwords.
    void on_command(std::function<void(const command_record&)> f);

    /// Called for every push message of the server, including those of CLIENT TRACKING, in order with the replies, on
    /// the loop of the connection. The view is valid during the call.
    void on_push(std::function<void(const resp::value& push)> f);
    void on_connection(std::function<void(const connection_event&)> f);

    const options& settings() const noexcept;

 private:
    struct core;
    friend struct client_access;  // for the other classes of this module

    /// Returns nullptr on a thread that does not run one of the client's loops. Throws std::logic_error; see
    /// home_thread.hpp.
    detail::loop_client* this_loop_client() const;
    boost::asio::any_io_executor other_loop() const;
    void report(std::string_view name, const error& e) const;

    /// Runs the operation on one of the client's loops and returns to the caller's. The caller owns the request and
    /// waits.
    template <class Operation, class Result, class... Extra>
    boost::asio::awaitable<Result> hop(request& what, exec_options o, Extra... extra)
    {
        auto there = run<Operation, Result>(std::move(what), o, extra...);
        co_return co_await boost::asio::co_spawn(other_loop(), std::move(there), boost::asio::use_awaitable);
    }

    /// The coroutine frame is kept below one kibibyte because Asio does not recycle larger ones.
    template <class Operation, class Result, class... Extra>
    boost::asio::awaitable<Result> run(request what, exec_options o, Extra... extra)
    {
        auto* here = this_loop_client();
        if (here == nullptr) co_return co_await hop<Operation, Result>(what, o, extra...);
        Operation operation{*here, what, o, extra...};
        for (;;) {
            co_await operation.async_try(boost::asio::deferred);
            const auto pause = operation.next_try();
            if (!pause) break;
            co_await sleep_for(*pause);
        }
        co_return operation.result();
    }

    std::unique_ptr<core> core_;
};

}  // namespace larder::redis
