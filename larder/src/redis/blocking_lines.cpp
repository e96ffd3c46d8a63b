// SPDX-License-Identifier: MIT
#include "blocking_lines.hpp"

#include <boost/asio/steady_timer.hpp>
#include <string>
#include <utility>

namespace larder::redis {

using boost::system::error_code;

namespace {

// From CLIENT UNBLOCK to the answer; then the connection is given up.
constexpr std::chrono::milliseconds unblock_limit{500};

}  // namespace

class blocking_lines::line final : public receiver {
 public:
    line(std::string_view group, std::shared_ptr<connection> c, unblocker unblock)
        : group_{group}, connection_{std::move(c)}, unblock_{std::move(unblock)}, timer_{connection_->executor()}
    {}
    ~line() { connection_->close(); }

    bool is_free(std::string_view group) const { return op_ == nullptr && group_ == group; }
    /// A line on which CLIENT UNBLOCK was asked for carries no other command: a late one would end that instead.
    bool is_done() const { return op_ == nullptr && (giving_up_ || connection_->closed()); }
    void close() { connection_->close(); }

    void start(detail::operation& op)
    {
        op_ = &op;
        op.place = this;
        giving_up_ = false;
        const auto ticket = connection_->submit(op.what().bytes(), op.what().commands(), *this, never, op.started());
        if (!ticket) {
            std::exchange(op_, nullptr)->end(connection_->failure());
            return;
        }
        ticket_ = *ticket;
        if (op.deadline() != never) ring_at(op.deadline());
    }

    void give_up()
    {
        if (op_ == nullptr) return;
        if (giving_up_) {
            connection_->drop();  // ends it as unknown
            return;
        }
        giving_up_ = true;
        if (connection_->withdraw(ticket_)) {
            finish(outcome::not_sent, errc::timed_out);
            return;
        }
        unblock_(*connection_);
        ring_at(std::chrono::steady_clock::now() + unblock_limit);
    }

    void on_reply(const resp::value& r) override
    {
        if (op_ != nullptr) op_->on_reply(r);
    }
    void on_end(outcome what, error_code why) override { finish(what, why); }

 private:
    void ring_at(steady_time at)
    {
        timer_.expires_at(at);
        timer_.async_wait([this](error_code ec) {
            if (!ec) give_up();
        });
    }
    void finish(outcome what, error_code why)
    {
        timer_.cancel();
        if (auto* op = std::exchange(op_, nullptr)) op->on_end(what, why);
    }

    std::string group_;
    std::shared_ptr<connection> connection_;
    unblocker unblock_;
    detail::operation* op_ = nullptr;
    connection::ticket ticket_ = 0;
    bool giving_up_ = false;
    boost::asio::steady_timer timer_;
};

blocking_lines::blocking_lines(std::size_t limit) : limit_{limit} {}
blocking_lines::~blocking_lines() = default;

void blocking_lines::start(detail::operation& op, std::string_view group, const factory& make, const unblocker& unblock)
{
    std::erase_if(lines_, [](const auto& l) { return l->is_done(); });
    for (const auto& l : lines_) {
        if (l->is_free(group)) {
            l->start(op);
            return;
        }
    }
    if (lines_.size() >= limit_) {
        op.end({outcome::not_sent, errc::overloaded, "too many commands wait in the server"});
        return;
    }
    lines_.push_back(std::make_unique<line>(group, make({}), unblock));
    lines_.back()->start(op);
}

void blocking_lines::give_up(detail::operation& op) { static_cast<line*>(op.place)->give_up(); }

void blocking_lines::close()
{
    for (const auto& l : lines_) l->close();
}

}  // namespace larder::redis
