// SPDX-License-Identifier: MIT
// Each `exclusive_connection` is one connection that carries at most one blocking command (`op_`). Its timer rings at
// the deadline of that command, or at the idle limit if there is none. Giving up a command has two steps: a command
// that was not sent is withdrawn, one that was sent is ended with CLIENT UNBLOCK. If no reply arrives within
// `unblock_limit`, the connection is dropped and the outcome is unknown. Start with blocking_connections::start() and
// exclusive_connection::give_up().
#include "blocking_connections.hpp"

#include <boost/asio/steady_timer.hpp>
#include <string>
#include <utility>

namespace larder::redis {

using boost::system::error_code;

namespace {

// How long to wait for the reply after CLIENT UNBLOCK. Then the connection is dropped.
constexpr std::chrono::milliseconds unblock_limit{500};

/// For replies that no caller waits for.
class ignoring_receiver final : public receiver {
    void on_reply(const resp::value&) override {}
    void on_end(outcome, error_code) override {}
} ignoring;

}  // namespace

void unblock(connection& over, const connection& waiting, steady_time::duration timeout)
{
    const request r{"CLIENT UNBLOCK", waiting.facts().client_id};
    over.submit(r.bytes(), 1, ignoring, over.loop_time() + timeout, over.loop_time());
}

class blocking_connections::exclusive_connection final : public receiver,
                                                         public std::enable_shared_from_this<exclusive_connection> {
 public:
    exclusive_connection(std::string_view group, std::chrono::milliseconds idle, unblocker unblock)
        : group_{group}, idle_{idle}, unblock_{std::move(unblock)}
    {}
    ~exclusive_connection()
    {
        connection_->forget_hooks();
        connection_->close();
    }
    /// Must be called once, before anything else.
    void open(const factory& make)
    {
        connection::hooks hooks;
        // A connection without a command is not worth reconnecting.
        hooks.on_down = [this] {
            if (op_ == nullptr) connection_->close();
        };
        connection_ = make(std::move(hooks));
        timer_.emplace(connection_->executor());
    }

    bool is_free(std::string_view group) const { return op_ == nullptr && group_ == group; }
    /// After CLIENT UNBLOCK was requested, the connection carries no other command, because a late UNBLOCK would end
    /// that command instead.
    bool is_done() const { return op_ == nullptr && (giving_up_ || connection_->closed()); }
    void close() { connection_->close(); }

    void start(detail::operation& op)
    {
        op_ = &op;
        op.place = this;
        giving_up_ = false;
        const auto ticket = connection_->submit(op.what().bytes(), op.what().commands(), *this, never, op.started());
        if (!ticket) {
            ring_at(now() + idle_);
            std::exchange(op_, nullptr)->end(connection_->failure());
            return;
        }
        ticket_ = *ticket;
        if (op.deadline() != never) {
            ring_at(op.deadline());
        } else {
            timer_->expires_at(never);
        }
    }

    void give_up()
    {
        if (op_ == nullptr) return;
        if (giving_up_) {
            connection_->drop();  // the command ends with outcome unknown
            return;
        }
        giving_up_ = true;
        if (connection_->withdraw(ticket_)) {
            finish(outcome::not_sent, errc::timed_out);
            return;
        }
        unblock_(*connection_);
        ring_at(now() + unblock_limit);
    }

    void on_reply(const resp::value& r) override
    {
        if (op_ != nullptr) op_->on_reply(r);
    }
    void on_end(outcome what, error_code why) override { finish(what, why); }

 private:
    void ring_at(steady_time at)
    {
        timer_->expires_at(at);
        timer_->async_wait([weak = weak_from_this()](error_code ec) {
            const auto self = weak.lock();
            if (!ec && self && self->timer_->expiry() <= now()) self->on_timer();
        });
    }
    void on_timer()
    {
        if (op_ == nullptr) {
            connection_->close();
        } else {
            give_up();
        }
    }
    /// Ending the operation may start the next one on this connection or close it, so `op_` is cleared first.
    void finish(outcome what, error_code why)
    {
        ring_at(giving_up_ ? now() : now() + idle_);
        auto* op = std::exchange(op_, nullptr);
        if (op == nullptr) return;
        if (what == outcome::not_sent) {
            op->end({what, why, connection_->explain(why)});
        } else {
            op->on_end(what, why);
        }
    }

    std::string group_;
    std::chrono::milliseconds idle_;
    std::shared_ptr<connection> connection_;
    unblocker unblock_;
    detail::operation* op_ = nullptr;
    connection::ticket ticket_ = 0;
    bool giving_up_ = false;
    std::optional<boost::asio::steady_timer> timer_;  ///< rings at the operation's deadline, or at the idle limit
};

blocking_connections::blocking_connections(std::size_t limit, std::chrono::milliseconds idle)
    : limit_{limit}, idle_{idle}
{}
blocking_connections::~blocking_connections() = default;

void blocking_connections::start(detail::operation& op, std::string_view group, const factory& make,
                                 const unblocker& unblock)
{
    std::erase_if(connections_, [](const auto& c) { return c->is_done(); });
    for (const auto& c : connections_) {
        if (c->is_free(group)) {
            c->start(op);
            return;
        }
    }
    if (connections_.size() >= limit_) {
        op.end({outcome::not_sent, errc::overloaded, "too many blocking commands are waiting"});
        return;
    }
    const auto c = std::make_shared<exclusive_connection>(group, idle_, unblock);
    c->open(make);
    connections_.push_back(c);
    c->start(op);
}

void blocking_connections::give_up(detail::operation& op) { static_cast<exclusive_connection*>(op.place)->give_up(); }

void blocking_connections::close()
{
    for (const auto& c : connections_) c->close();
}

}  // namespace larder::redis
