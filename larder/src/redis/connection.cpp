// SPDX-License-Identifier: MIT
// The I/O around the multiplexer. run() is the life of a connection: connect, serve until the link is lost, connect
// again. submit() queues requests, and flush() writes all that were queued in one turn of the event loop.
//
// One timer, the alarm, serves all deadlines: it rings at the earliest one and then checks all of them. A lost link is
// closed at once, but its requests end only when no write is in progress, because a write still reads their bytes.
#include "connection.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <larder/redis/request.hpp>
#include <utility>

#include "dialer.hpp"

namespace larder::redis {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::chrono::milliseconds first_pause{10};
constexpr std::chrono::milliseconds shortest_probe{10};
constexpr std::size_t large_write = 16 * 1024;
constexpr int progress_checks = 4;  // how often to check what has left, per socket time-out

}  // namespace

/// The health check. Its reply shows that the server is alive; a missing reply is detected like that of any other
/// command.
class connection::ping final : public receiver {
 public:
    bool waiting = false;
    void on_reply(const resp::value&) override {}
    void on_end(outcome, error_code) override { waiting = false; }
};

/// Sent while the circuit breaker is open. Its outcome decides whether callers are let through again.
class connection::probe final : public receiver {
 public:
    explicit probe(circuit_breaker& b) : breaker_{b} {}
    void on_reply(const resp::value&) override {}
    void on_end(outcome what, error_code) override
    {
        if (what == outcome::ok) breaker_.succeeded();  // on_alarm() counts the time-outs
    }

 private:
    circuit_breaker& breaker_;
};

connection::connection(asio::any_io_executor executor, connection_settings settings,
                       std::shared_ptr<address_source> where, hooks h)
    : executor_{std::move(executor)},
      settings_{std::move(settings)},
      where_{std::move(where)},
      hooks_{std::move(h)},
      queue_{{.requests = settings_.limit.queued, .stall_timeout = settings_.time.socket},
             [this](const resp::value& push) { return hooks_.on_push(push); }},
      breaker_{settings_.breaker},
      memory_{.pause = {first_pause, settings_.time.backoff_cap}},
      ping_{std::make_unique<ping>()},
      probe_{std::make_unique<probe>(breaker_)},
      alarm_{executor_},
      wake_{executor_}
{
    if (!settings_.liveness) settings_.liveness = std::make_shared<server_liveness>(settings_.breaker);
}

connection::~connection() = default;

std::optional<connection::ticket> connection::submit(std::string_view commands, std::uint32_t replies, receiver& to,
                                                     steady_time deadline, steady_time at)
{
    home_.check();
    const auto verdict = admit({.state = state_,
                                .server_silent = settings_.liveness->is_silent(),
                                .breaker_open = !breaker_.allows(),
                                .queue_full = !queue_.has_room(commands.size())});
    if (is_refusal(verdict)) {
        if (verdict == admission::unavailable) probe_silence();
        failure_ = refusal_of(verdict, failure_);
        return std::nullopt;
    }
    const auto t = queue_.submit(commands, replies, to, deadline, at);
    alarm_by(deadline);
    if (verdict == admission::wait) {
        connect();
    } else if (!inside_) {
        flush_soon();
    }
    return t;
}

void connection::connect()
{
    if (state_ != connection_state::idle) return;
    apply(transition::connect);
    asio::co_spawn(executor_, run(), [self = shared_from_this()](const std::exception_ptr& e) {
        if (e) std::rethrow_exception(e);
    });
}

void connection::reconnect()
{
    apply(transition::reconnect);
    flush_soon();
}

void connection::close()
{
    if (closed()) return;
    const bool running = state_ != connection_state::idle;
    if (is_up()) {
        lose(errc::closed, transition::close);
    } else {
        apply(transition::close);
    }
    if (const auto d = dialing_.lock()) d->cancel();
    // run() ends the waiting requests, because close() may have been called by one of their receivers.
    alarm_.cancel();
    if (!running) queue_.close(errc::closed);
}

void connection::retire()
{
    if (!is_up()) {
        close();
        return;
    }
    apply(transition::retire);
    queue_.drop_unsent(errc::closed);
    flush();
}

asio::awaitable<void> connection::run()
{
    const auto self = shared_from_this();
    while (!closed()) {
        dial_settings how{settings_.time, settings_.handshake, settings_.tls};
        const auto d = std::make_shared<dialer>(executor_, std::move(how), where_, memory_);
        dialing_ = d;
        d->on_failure([this](const error& e) { failed_to_connect(e); });
        auto dialed = co_await d->dial();
        if (closed() || !dialed) break;
        peer_ = d->peer();
        go_up(std::move(dialed));
        co_await serve();
        co_await go_down();
    }
    queue_.close(errc::closed);
}

void connection::failed_to_connect(const error& e)
{
    failure_ = e;
    if (e.code == errc::refused) {
        settings_.liveness->note_activity(loop_time());
    } else if (e.code == errc::timed_out) {
        settings_.liveness->timed_out(loop_time() - settings_.time.connect);
    } else {
        settings_.liveness->failed_to_connect();
    }
    apply(e.code == errc::refused ? transition::attempt_refused : transition::attempt_failed);
    if (state_ == connection_state::refused) queue_.close(errc::refused);
}

void connection::go_up(std::shared_ptr<link> l)
{
    link_ = std::move(l);
    facts_ = link_->facts();
    ++generation_;
    apply(transition::established);
    queue_.arrays_are_pushes(settings_.subscribes && !facts_.resp3);
    loss_ = {};
    failure_ = {};
    breaker_.reset();
    last_received_ = loop_time();
    history_ = {.up_since = last_received_};
    settings_.liveness->note_activity(last_received_);
    awaiting_reply_since_ = never;
    alarm_by(last_received_ + settings_.time.health_check);
    hooks_.on_up();
    flush();
}

asio::awaitable<void> connection::serve()
{
    while (is_up()) {
        const auto room = queue_.prepare();
        auto reading = link_->async_read(room, as_result);
        const auto [ec, n] = co_await std::move(reading);
        home_.check();
        if (ec) {
            lose(ec);
        } else if (!take(n)) {
            lose(errc::malformed);
        } else {
            flush();
        }
    }
}

bool connection::take(std::size_t bytes)
{
    const auto answered = queue_.answered();
    const bool pinged = ping_->waiting;
    last_received_ = loop_time();
    settings_.liveness->note_activity(last_received_);
    inside_ = true;
    const bool sound = queue_.received(bytes, last_received_);
    inside_ = false;
    if (!is_up()) return true;
    // A PING has no deadline, so its reply does not show that callers get theirs in time.
    const std::uint64_t pongs = pinged && !ping_->waiting ? 1 : 0;
    if (queue_.answered() - answered > pongs) {
        breaker_.succeeded();
        history_.served_caller = !settings_.subscribes;  // subscriptions are renewed on each link without any caller
    }
    awaiting_reply_since_ = queue_.awaits_reply() ? last_received_ : never;
    return sound;
}

/// `t` is the transition of which the loss of the link is a part.
void connection::lose(error_code why, transition t)
{
    if (!is_up()) return;
    history_.left_on_purpose = is_leaving(state_);
    apply(t);
    awaiting_reply_since_ = never;  // otherwise its alarm would ring again and again until the next link is up
    loss_ = why;
    link_->close();
}

asio::awaitable<void> connection::go_down()
{
    while (writing_) {
        wake_.expires_at(never);
        auto written = wake_.async_wait(as_result);
        co_await std::move(written);
    }
    failure_ = {outcome::not_sent, errc::unavailable, "the connection was lost: " + loss_.message()};
    link_.reset();
    memory_.last_was_useless = pauses_before_reconnect(history_, now(), settings_.time.backoff_cap);
    if (!memory_.last_was_useless) memory_.pause.reset();
    queue_.lost(loss_);
    hooks_.on_down();
}

void connection::flush_soon()
{
    if (std::exchange(flush_posted_, true)) return;
    asio::post(executor_, [self = shared_from_this()] {
        self->flush_posted_ = false;
        self->flush();
    });
}

void connection::flush()
{
    if (is_leaving(state_) && !writing_ && !queue_.awaits_reply()) lose(closed() ? errc::closed : errc::unavailable);
    while (state_ == connection_state::up && !writing_) {
        const auto bytes = queue_.to_write();
        if (bytes.empty()) break;
        if (awaiting_reply_since_ == never) awaiting_reply_since_ = loop_time();
        if (link_->is_tls()) {
            write_in_background(bytes);
            break;
        }
        error_code ec;
        const auto n = link_->try_write(bytes, ec);
        queue_.wrote(n);
        if (ec == asio::error::would_block) {
            write_in_background(bytes);
        } else if (ec) {
            lose(ec);
        }
    }
    if (awaiting_reply_since_ != never && settings_.watch_silence)
        alarm_by(awaiting_reply_since_ + settings_.time.socket);
}

void connection::write_in_background(std::string_view bytes)
{
    writing_ = true;
    if (bytes.size() > large_write) alarm_by(loop_time() + settings_.time.socket / progress_checks);
    link_->async_write(bytes, [self = shared_from_this(), l = link_, all = bytes.size()](error_code ec, std::size_t n) {
        self->writing_ = false;
        // Bytes that may have left count as sent, even on a link that is gone, because they must never be sent again.
        // If a write to a TLS stream fails, it is not known how many bytes have left, so all count as sent.
        self->queue_.wrote(ec && l->is_tls() ? all : n);
        if (!self->is_up()) {
            self->wake_.cancel();
            return;
        }
        if (ec) {
            self->lose(ec);
        } else {
            self->flush();
        }
    });
}

void connection::alarm_by(steady_time at)
{
    if (at >= alarm_at_) return;
    alarm_at_ = at;
    alarm_.expires_at(at);
    alarm_.async_wait([weak = weak_from_this()](error_code ec) {
        const auto self = weak.lock();
        if (!ec && self) self->on_alarm();
    });
}

void connection::on_alarm()
{
    home_.check();
    alarm_at_ = never;
    const auto at = loop_time();
    const auto recheck = check_send_progress(at);
    auto next = queue_.expire(at, [&](steady_time submitted, steady_time deadline) {
        settings_.liveness->timed_out(submitted);
        if (is_up()) breaker_.failed(at, std::chrono::ceil<std::chrono::milliseconds>(deadline - submitted));
    });
    if (is_up()) next = std::min({next, recheck, watch_peer(at), probe_peer(at)});
    if (!closed()) alarm_by(next);
    flush();
}

/// A peer that accepts a large request, however slowly, is not silent. Returns when to check again.
steady_time connection::check_send_progress(steady_time at)
{
    if (!is_up()) return never;
    const auto d = queue_.check_send_progress(at, link_->unacknowledged());
    if (d.moved && awaiting_reply_since_ != never) awaiting_reply_since_ = at;
    return d.under_way ? at + settings_.time.socket / progress_checks : never;
}

/// Closes a link on which a reply is pending but nothing has arrived for too long, and pings a link that is idle.
/// Returns when to check again.
steady_time connection::watch_peer(steady_time at)
{
    if (settings_.watch_silence && awaiting_reply_since_ != never) {
        const auto silent = awaiting_reply_since_ + settings_.time.socket;
        if (at < silent) return silent;
        lose(errc::timed_out);
        return never;
    }
    const auto check = last_received_ + settings_.time.health_check;
    if (at < check) return check;
    if (settings_.watch_silence) ping_peer();
    return at + settings_.time.health_check;
}

void connection::ping_peer()
{
    if (ping_->waiting) return;
    static const request question{"PING"};
    ping_->waiting = queue_.submit(question.bytes(), 1, *ping_, never).has_value();
}

/// The server is considered silent, perhaps because of what another connection observed. A new link or a pending reply
/// shows when it is back. If this connection is up and no reply is pending, a PING is sent.
void connection::probe_silence()
{
    if (!is_up()) {
        connect();
    } else if (awaiting_reply_since_ == never && settings_.watch_silence) {
        ping_peer();
        flush_soon();
    }
}

/// The server replies, but too late for its callers. These are refused, so only a probe can show that it is fast again.
/// Returns when to check again.
steady_time connection::probe_peer(steady_time at)
{
    if (is_up() && breaker_.probe_due(at)) {
        static const request question{"PING"};
        const auto deadline = at + std::max(breaker_.probe_timeout(), shortest_probe);
        if (queue_.submit(question.bytes(), 1, *probe_, deadline, at)) return std::min(deadline, breaker_.next_probe());
    }
    return breaker_.next_probe();
}

}  // namespace larder::redis
