// SPDX-License-Identifier: MIT
// The Redis client: commands in, typed replies out, over one pipelined connection per event loop.
//
//     larder::redis::client redis{runtime, *parse_url("redis://localhost").value};
//     auto name = co_await redis.exec<std::optional<std::string>>(request{"GET", "name"});
//     if (!name) log(name.error().message);          // name.error().outcome: refused, not_sent or unknown
//
// Commands issued in one turn of the loop leave in one write. Cancelling one (Asio's cancellation, a deadline) leaves
// its place in the queue, which swallows the reply: nobody ever gets another's. Calls may come from any thread; from
// one that is no loop of the client's they hop to one and back. What each outcome means: docs/concepts/redis-client.md.
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

namespace larder::redis {

/// What became of one command, for logs and metrics. The views live for the call.
struct command_record {
    std::string_view name;
    std::string_view key;  ///< the first one; empty when there is none
    std::uint32_t commands = 1;
    redis::outcome outcome = redis::outcome::ok;
    std::chrono::nanoseconds time{};
};

/// A connection of a client came up or was lost. Called on its loop, in order with its replies and pushes.
struct connection_event {
    bool up = false;
    bool tracked = false;
    std::uint64_t generation = 0;  ///< grows with each connection that came up on this loop
};

struct client_state {
    bool connected = false;
    circuit_breaker::state breaker = circuit_breaker::state::closed;
    std::size_t waiting = 0;  ///< commands
    std::string server;       ///< host and port it talks to
    std::string version;      ///< empty: not told
    std::string tls;          ///< protocol and cipher; empty: none
    std::string tls_problem;  ///< names a certificate file that changed and cannot be used; the old one stays in use
    bool resp3 = false;
    bool tracked = false;  ///< invalidations are pushed
    error failure;         ///< of the last try to connect or to send
};

class client {
 public:
    /// Nothing is connected yet. Throws boost::system::system_error when a certificate file cannot be read.
    /// The runtime or context must outlive the client.
    client(runtime& loops, const options& o);
    client(boost::asio::io_context& loop, const options& o);
    /// Closes. Requires: no call is under way; disconnect() ends those that are.
    ~client();
    client(const client&) = delete;
    client& operator=(const client&) = delete;

    /// Sends one command and waits for its reply as a T (see decode.hpp); void takes any. Of a script (script.hpp) the
    /// text is sent if the server does not know its hash.
    template <class T = void>
    boost::asio::awaitable<reply<T>> exec(request what, exec_options o = {})
    {
        return run<detail::single<T>, reply<T>>(std::move(what), o);
    }

    /// The text of one reply, copied into `to`: no allocation at all. nullopt: null. A text that does not fit is
    /// errc::overloaded with outcome ok. The result is the front part of `to`.
    boost::asio::awaitable<reply<std::optional<std::span<char>>>> exec_into(request what, std::span<char> to,
                                                                            exec_options o = {})
    {
        return run<detail::into_buffer, reply<std::optional<std::span<char>>>>(std::move(what), o, to);
    }

    /// Calls f(index, const resp::value&) for each reply, errors included, without copying: the views live for the
    /// call. `f` runs on a loop of the client's, must outlive the wait, and may be called again after a retry.
    template <class F>
    boost::asio::awaitable<reply<void>> visit(request what, F& f, exec_options o = {})
    {
        return run<detail::visiting<F>, reply<void>>(std::move(what), o, &f);
    }

    /// Several commands in one write; each has its own outcome. `Ts` are as many as the commands.
    template <class... Ts>
    boost::asio::awaitable<reply<std::tuple<reply<Ts>...>>> pipeline(request what, exec_options o = {})
    {
        return run<detail::several<false, Ts...>, reply<std::tuple<reply<Ts>...>>>(std::move(what), o);
    }

    /// As pipeline(), for a number of commands that is known only at run time.
    template <class T>
    boost::asio::awaitable<reply<std::vector<reply<T>>>> exec_each(request what, exec_options o = {})
    {
        return run<detail::each<T>, reply<std::vector<reply<T>>>>(std::move(what), o);
    }

    /// MULTI, the commands, EXEC: all or none of them are done, as one unit that is never split or repeated in part.
    template <class... Ts>
    boost::asio::awaitable<reply<std::tuple<reply<Ts>...>>> transaction(request what, exec_options o = {})
    {
        what.make_transaction();
        return run<detail::several<true, Ts...>, reply<std::tuple<reply<Ts>...>>>(std::move(what), o);
    }

    /// Waits until there is a greeted connection (on this loop), or for the connect time-out.
    boost::asio::awaitable<reply<void>> connect();
    /// Fails what waits (errc::closed) and closes all connections; final.
    boost::asio::awaitable<void> disconnect();
    /// Of this loop, or of the first one when called from elsewhere.
    bool is_connected() const;
    boost::asio::awaitable<client_state> state();

    /// operation(), or `fallback` when Redis did not do it or it threw; for programs that go on without Redis. The
    /// failure goes to on_failure(). `operation` returns an awaitable of reply<T> or of T.
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
    /// Set before the first call. Called on any loop. Also with the name "tls", when certificate files have changed and
    /// cannot be used; what was read before stays in use.
    void on_failure(std::function<void(std::string_view name, const error& e)> f);
    /// Called after each command; set before the first call. Values and passwords are not in the record.
    void on_command(std::function<void(const command_record&)> f);

    /// CLIENT TRACKING pushes and all others that the server sends, at their place between the replies; set before the
    /// first call. Called on the loop of the connection; the view lives for the call.
    void on_push(std::function<void(const resp::value& push)> f);
    void on_connection(std::function<void(const connection_event&)> f);

    const options& settings() const noexcept;

    struct core;  ///< for the other classes of this module

    core& internals() noexcept { return *core_; }

 private:
    /// Null on the threads of other loops. Throws std::logic_error: see home_thread.hpp.
    detail::loop_client* this_loop_client() const;
    boost::asio::any_io_executor other_loop() const;
    void report(std::string_view name, const error& e) const;

    /// Runs there and comes back. The request is the caller's, who waits.
    template <class Operation, class Result, class... Extra>
    boost::asio::awaitable<Result> hop(request& what, exec_options o, Extra... extra)
    {
        auto there = run<Operation, Result>(std::move(what), o, extra...);
        co_return co_await boost::asio::co_spawn(other_loop(), std::move(there), boost::asio::use_awaitable);
    }

    /// Its frame is kept below a kibibyte: Asio recycles no larger ones.
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
