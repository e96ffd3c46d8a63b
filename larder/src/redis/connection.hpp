// SPDX-License-Identifier: MIT
// One connection that is kept up: it dials when first needed, greets, runs the multiplexer over a link, watches the
// peer, and dials again after a loss. What was not sent yet waits for the next link; what was is `unknown`.
// Belongs to one event loop. Hold it by shared_ptr; close() ends it.
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

#include "dialer.hpp"
#include "link.hpp"
#include "liveness.hpp"
#include "multiplexer.hpp"

namespace larder::redis {

/// Where to connect to: asked anew before each try. Lives as long as the connection.
class address_source {
 public:
    virtual ~address_source() = default;
    /// Throws boost::system::system_error when it cannot tell.
    virtual boost::asio::awaitable<address> find(steady_time deadline) = 0;
};

class fixed_address final : public address_source {
 public:
    explicit fixed_address(address a) : address_{std::move(a)} {}
    boost::asio::awaitable<address> find(steady_time) override { co_return address_; }

 private:
    address address_;
};

/// Of replies that nobody waits for.
class ignoring_receiver final : public receiver {
    void on_reply(const resp::value&) override {}
    void on_end(outcome, boost::system::error_code) override {}
};

inline constexpr auto never = steady_time::max();  ///< a deadline

struct connection_settings {
    timeouts time;
    bounds limit;
    circuit_breaker_options breaker;
    greeting hello;
    std::shared_ptr<tls_files> tls;
    std::shared_ptr<server_liveness> alive;  ///< shared with other connections to the server; null: its own
    bool watch_silence = true;               ///< off for commands that wait in the server
    bool subscribes = false;                 ///< of RESP2: what arrives are messages
};

class connection : public std::enable_shared_from_this<connection> {
 public:
    /// All are called on the loop. on_push: at the push's place between the replies; true = it answers the oldest
    /// request (confirmations of SUBSCRIBE). on_up: greeted, and nothing was sent yet. on_down: after the loss.
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

    /// Queues a request; it leaves with all others of this turn of the loop. nullopt: not taken, failure() says why.
    std::optional<ticket> submit(std::string_view commands, std::uint32_t replies, receiver& to, steady_time deadline,
                                 steady_time now);
    /// The receiver is called no more. True: it was never sent.
    bool abandon(ticket t) { return queue_.abandon(t); }
    /// Takes it back if it was never sent, and does nothing otherwise.
    bool withdraw(ticket t) { return queue_.withdraw(t); }

    /// While replies are given out: when they arrived. It saves a look at the clock per command.
    steady_time loop_time() const noexcept { return inside_ ? heard_ : std::chrono::steady_clock::now(); }

    /// Begins to dial if it is down.
    void connect();
    bool is_up() const noexcept { return up_; }
    bool closed() const noexcept { return closed_; }
    /// Dials again when what was sent is answered: the server is not what it should be.
    void redial();
    /// Drops the link at once.
    void drop() { lose(errc::unavailable); }
    void close();
    /// As close(), but what was sent is still answered.
    void retire();
    /// Calls no hook any more.
    void forget_hooks() { hooks_ = {}; }
    /// Commands that wait for a reply or to be sent.
    std::size_t waiting() const noexcept { return queue_.size(); }

    /// Why the last submit() or the last try to connect failed.
    const error& failure() const noexcept { return failure_; }
    circuit_breaker::state breaker() const noexcept
    {
        return settings_.alive->is_silent() ? circuit_breaker::state::open : breaker_.now();
    }
    /// Words for a request that ended with `code` here.
    std::string explain(boost::system::error_code code) const
    {
        const bool never_sent = code == errc::timed_out && !up_ && failure_.code;
        return never_sent || code == errc::refused ? failure_.message : code.message();
    }
    const server_facts& facts() const noexcept { return facts_; }
    const address& peer() const noexcept { return peer_; }
    std::string tls_problem() const { return settings_.tls ? settings_.tls->problem() : std::string{}; }
    std::string tls_facts() const { return link_ ? link_->tls_facts() : std::string{}; }
    /// Grows with each link that came up.
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
    void lose(boost::system::error_code why);

    void flush_soon();
    void flush();
    void write_in_background(std::string_view bytes);

    void alarm_by(steady_time at);
    void on_alarm();
    steady_time look_at_departures(steady_time now);
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

    bool running_ = false;
    bool up_ = false;
    bool closed_ = false;
    bool refused_ = false;  ///< the server wants other credentials: fail at once instead of waiting
    bool inside_ = false;   ///< receivers are being called: they flush once, afterwards
    bool flush_posted_ = false;
    bool leaving_ = false;  ///< nothing more is sent on this link
    bool writing_ = false;
    std::uint64_t generation_ = 0;
    boost::system::error_code loss_;
    steady_time up_since_{};
    bool useful_ = false;                                    ///< the link has answered a caller
    steady_time heard_{};                                    ///< the last bytes of the peer
    steady_time awaiting_reply_since_ = steady_time::max();  ///< since when the peer owes an answer; max: it owes none
    steady_time alarm_at_ = steady_time::max();
    boost::asio::steady_timer alarm_;
    boost::asio::steady_timer wake_;  ///< ends the wait for the last write
};

}  // namespace larder::redis
