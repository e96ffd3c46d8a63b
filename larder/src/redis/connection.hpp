// SPDX-License-Identifier: MIT
// One connection to a server, which is kept up. It connects when first needed, performs the handshake, runs the
// multiplexer over a link, watches the peer, and reconnects after a loss. After a loss, requests that were not sent
// wait for the next link, and those that were sent are `unknown`. Start with submit(). Belongs to one event loop. Hold
// it by shared_ptr; close() ends it.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <larder/circuit_breaker.hpp>
#include <larder/home_thread.hpp>
#include <larder/redis/options.hpp>
#include <larder/redis/receiver.hpp>
#include <memory>
#include <optional>
#include <string>

#include "connection_state.hpp"
#include "dialer.hpp"
#include "link.hpp"
#include "liveness.hpp"
#include "multiplexer.hpp"

namespace larder::redis {

/// Returns the address to connect to. Called before every attempt. Lives as long as the connection.
class address_source {
 public:
    virtual ~address_source() = default;
    /// Throws boost::system::system_error if the address cannot be determined.
    virtual boost::asio::awaitable<address> find(steady_time deadline) = 0;
};

class fixed_address final : public address_source {
 public:
    explicit fixed_address(address a) : address_{std::move(a)} {}
    boost::asio::awaitable<address> find(steady_time) override { co_return address_; }

 private:
    address address_;
};

inline constexpr auto never = steady_time::max();  ///< a deadline that never passes

struct connection_settings {
    timeouts time;
    bounds limit;
    circuit_breaker_options breaker;
    handshake_options handshake;
    std::shared_ptr<tls_files> tls;
    std::shared_ptr<server_liveness> liveness;  ///< shared with other connections to the server; null: not shared
    bool watch_silence = true;                  ///< off for blocking commands
    bool subscribes = false;                    ///< in RESP2, arrays that arrive are messages
};

class connection : public std::enable_shared_from_this<connection> {
 public:
    /// All are called on the event loop. on_push: called for each push, in order with the replies; true means that the
    /// push is the reply to the oldest request, as the confirmation of a SUBSCRIBE is. on_up: the handshake is done,
    /// and nothing was sent yet. on_down: the link was lost, and its requests have ended.
    struct hooks {
        std::function<bool(const resp::value&)> on_push = [](const resp::value&) { return false; };
        std::function<void()> on_up = [] {};
        std::function<void()> on_down = [] {};
    };

    connection(boost::asio::any_io_executor executor, connection_settings settings,
               std::shared_ptr<address_source> where, hooks h);
    ~connection();
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    using ticket = multiplexer::ticket;

    /// Queues a request, which is sent together with all others of this turn of the loop. nullopt: it was not queued,
    /// and failure() says why.
    std::optional<ticket> submit(std::string_view commands, std::uint32_t replies, receiver& to, steady_time deadline,
                                 steady_time now);
    /// The receiver is not called any more. True: the request was never sent.
    bool abandon(ticket t) { return queue_.abandon(t); }
    /// Removes the request and returns true if it was never sent; does nothing otherwise.
    bool withdraw(ticket t) { return queue_.withdraw(t); }

    /// The current time; while replies are delivered, the time at which they arrived. This saves reading the clock for
    /// every command.
    steady_time loop_time() const noexcept { return inside_ ? last_received_ : std::chrono::steady_clock::now(); }

    /// Starts connecting if the connection is down.
    void connect();
    bool is_up() const noexcept { return has_link(state_); }
    /// Whether close() or retire() was called. After retire(), replies may still arrive.
    bool closed() const noexcept { return is_closed(state_); }
    /// Reconnects after all pending replies have arrived, because the server has the wrong role.
    void reconnect();
    /// Closes the link at once.
    void drop() { lose(errc::unavailable); }
    /// Ends the connection for good, and all its requests with errc::closed.
    void close();
    /// Like close(), but requests that were sent still get their replies.
    void retire();
    /// No hook is called any more.
    void forget_hooks() { hooks_ = {}; }
    /// The number of requests that wait to be sent or for a reply.
    std::size_t waiting() const noexcept { return queue_.size(); }

    /// Why the last submit() or the last attempt to connect failed.
    const error& failure() const noexcept { return failure_; }
    circuit_breaker::state breaker() const noexcept
    {
        return settings_.liveness->is_silent() ? circuit_breaker::state::open : breaker_.current();
    }
    /// The message for a request that ended with `code` on this connection.
    std::string explain(boost::system::error_code code) const
    {
        const bool never_sent = code == errc::timed_out && !is_up() && failure_.code;
        return never_sent || code == errc::refused ? failure_.message : code.message();
    }
    const server_facts& facts() const noexcept { return facts_; }
    const address& peer() const noexcept { return peer_; }
    std::string tls_problem() const { return settings_.tls ? settings_.tls->problem() : std::string{}; }
    std::string tls_facts() const { return link_ ? link_->tls_facts() : std::string{}; }
    /// Increases by one with each link that comes up.
    std::uint64_t generation() const noexcept { return generation_; }
    const boost::asio::any_io_executor& executor() const noexcept { return executor_; }

 private:
    class ping;
    class probe;

    boost::asio::awaitable<void> run();
    boost::asio::awaitable<void> serve();
    void go_up(std::shared_ptr<link> l);
    boost::asio::awaitable<void> go_down();
    void failed_to_connect(const error& e);
    bool take(std::size_t bytes);
    void apply(transition t) noexcept { state_ = next_state(state_, t); }
    void lose(boost::system::error_code why, transition t = transition::lost);

    void flush_soon();
    void flush();
    void write_in_background(std::string_view bytes);

    void alarm_by(steady_time at);
    void on_alarm();
    steady_time check_send_progress(steady_time now);
    steady_time watch_peer(steady_time now);
    steady_time probe_peer(steady_time now);
    void ping_peer();
    void probe_silence();

    boost::asio::any_io_executor executor_;
    larder::detail::home_thread home_;
    connection_settings settings_;
    std::shared_ptr<address_source> where_;
    hooks hooks_;

    multiplexer queue_;
    circuit_breaker breaker_;
    dial_memory memory_;
    std::shared_ptr<link> link_;
    server_facts facts_;
    address peer_;
    error failure_;
    std::unique_ptr<ping> ping_;
    std::unique_ptr<probe> probe_;
    std::weak_ptr<dialer> dialing_;

    connection_state state_ = connection_state::idle;
    bool inside_ = false;  ///< receivers are being called; what they submit is written once, afterwards
    bool flush_posted_ = false;
    bool writing_ = false;
    std::uint64_t generation_ = 0;
    boost::system::error_code loss_;
    link_history history_;
    steady_time last_received_{};                            ///< when bytes of the peer last arrived
    steady_time awaiting_reply_since_ = steady_time::max();  ///< since when a reply is pending; max: none is
    steady_time alarm_at_ = steady_time::max();
    boost::asio::steady_timer alarm_;
    boost::asio::steady_timer wake_;  ///< ends the wait for the last write
};

}  // namespace larder::redis
