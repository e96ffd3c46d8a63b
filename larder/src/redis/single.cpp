// SPDX-License-Identifier: MIT
// One server at a time. Ordinary commands share one connection. A command that waits in the server has a connection of
// its own meanwhile; when its caller gives up, the server is asked to let it go (CLIENT UNBLOCK), and what it answers
// still reaches the caller: an element that was popped is not lost (redis-py #2511).
#include <boost/asio/steady_timer.hpp>
#include <larder/result.hpp>
#include <vector>

#include "connection.hpp"
#include "transport.hpp"

namespace larder::redis {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr auto never = steady_time::max();
// From CLIENT UNBLOCK to the answer; then the connection is given up.
constexpr std::chrono::milliseconds unblock_limit{500};

steady_time now() noexcept { return std::chrono::steady_clock::now(); }

class fixed_address final : public address_source {
 public:
    explicit fixed_address(address a) : address_{std::move(a)} {}
    asio::awaitable<address> find(steady_time) override { co_return address_; }

 private:
    address address_;
};

connection_settings common_settings(const transport_settings& s)
{
    connection_settings out{.time = s.o.time, .limit = s.o.limit, .breaker = s.o.breaker, .hello = {}, .tls = s.tls};
    out.hello.login = s.o.login;
    out.hello.name = s.o.name;
    out.hello.database = s.o.database;
    out.hello.master_only = s.o.kind == deployment::sentinel;
    return out;
}

class single_server final : public transport {
 public:
    single_server(const asio::any_io_executor& executor, const transport_settings& s, std::shared_ptr<address_source> where)
        : settings_{s}, where_{std::move(where)}, main_{make(executor, true)}
    {}
    ~single_server() override
    {
        close();
        main_->forget_hooks();
    }

    void start(detail::operation& op) override
    {
        if (op.what().is_blocking()) {
            start_blocking(op);
            return;
        }
        op.place = nullptr;
        const auto ticket = main_->submit(op.what().bytes(), op.what().commands(), op, op.deadline(), op.started());
        if (ticket) {
            op.ticket = *ticket;
        } else {
            op.end(main_->failure());
        }
    }

    std::optional<bool> cancel(detail::operation& op) override
    {
        if (op.place == nullptr) return main_->abandon(op.ticket);
        static_cast<wait*>(op.place)->give_up();
        return std::nullopt;
    }

    void connect() override { main_->connect(); }
    client_state state() const override
    {
        client_state out;
        out.connected = main_->is_up();
        out.breaker = main_->breaker();
        out.waiting = main_->waiting();
        out.server = main_->peer().host.empty() ? settings_.o.addresses.front().text() : main_->peer().text();
        out.version = main_->facts().version;
        out.tls = main_->tls_facts();
        out.resp3 = main_->facts().resp3;
        out.failure = main_->failure();
        return out;
    }
    void close() override
    {
        main_->close();
        for (const auto& w : waits_) w->line->close();
    }
    bool closed() const override { return main_->closed() && main_->waiting() == 0; }

    bool lost_master() override
    {
        // At most once a second: a server may be a replica on purpose.
        if (now() >= next_redial_) {
            next_redial_ = now() + std::chrono::seconds{1};
            main_->redial();
        }
        return settings_.o.kind == deployment::sentinel;
    }

    std::string explain(error_code code) const override
    {
        if (code == errc::timed_out && !main_->is_up() && main_->failure().code) return main_->failure().message;
        if (code == errc::refused) return main_->failure().message;
        return code.message();
    }

 private:
    /// A connection for one blocking command after the other.
    class wait final : public receiver {
     public:
        wait(single_server& s, std::shared_ptr<connection> c) : line{std::move(c)}, server_{s}, timer_{line->executor()} {}
        ~wait()
        {
            line->close();
            line->forget_hooks();
        }

        bool is_free() const noexcept { return op_ == nullptr; }
        void start(detail::operation& op)
        {
            op_ = &op;
            op.place = this;
            giving_up_ = false;
            const auto ticket = line->submit(op.what().bytes(), op.what().commands(), *this, never, op.started());
            if (!ticket) {
                std::exchange(op_, nullptr)->end(line->failure());
                return;
            }
            ticket_ = *ticket;
            if (op.deadline() != never) ring_at(op.deadline());
        }

        void give_up()
        {
            if (op_ == nullptr) return;
            if (giving_up_) {
                line->drop();  // ends it as unknown
                return;
            }
            giving_up_ = true;
            if (line->abandon(ticket_)) {
                finish(outcome::not_sent, errc::timed_out);
                return;
            }
            server_.unblock(line->facts().client_id);
            ring_at(now() + unblock_limit);
        }

        void on_reply(const resp::value& r) override
        {
            if (op_ != nullptr) op_->on_reply(r);
        }
        void on_end(outcome what, error_code why) override { finish(what, why); }

        std::shared_ptr<connection> line;

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

        single_server& server_;
        detail::operation* op_ = nullptr;
        connection::ticket ticket_ = 0;
        bool giving_up_ = false;
        asio::steady_timer timer_;
    };

    /// Nobody waits for the answer to CLIENT UNBLOCK.
    class ignoring final : public receiver {
        void on_reply(const resp::value&) override {}
        void on_end(outcome, error_code) override {}
    };

    std::shared_ptr<connection> make(const asio::any_io_executor& executor, bool is_main)
    {
        auto settings = common_settings(settings_);
        settings.watch_silence = is_main;
        connection::hooks hooks;
        if (is_main) {
            hooks.on_up = [this] { connected_ = true; };
            hooks.on_down = [this] { connected_ = false; };
        }
        return std::make_shared<connection>(executor, std::move(settings), where_, std::move(hooks));
    }

    void start_blocking(detail::operation& op)
    {
        for (const auto& w : waits_) {
            if (w->is_free() && !w->line->closed()) {
                w->start(op);
                return;
            }
        }
        if (waits_.size() >= settings_.o.limit.blocking) {
            op.end({outcome::not_sent, errc::overloaded, "too many blocking commands"});
            return;
        }
        waits_.push_back(std::make_unique<wait>(*this, make(main_->executor(), false)));
        waits_.back()->start(op);
    }

    void unblock(std::int64_t client_id)
    {
        const request r{"CLIENT UNBLOCK", client_id};
        main_->submit(r.bytes(), 1, nobody_, now() + settings_.o.time.socket, now());
    }

    const transport_settings& settings_;
    std::shared_ptr<address_source> where_;
    std::shared_ptr<connection> main_;
    std::vector<std::unique_ptr<wait>> waits_;
    ignoring nobody_;
    steady_time next_redial_{};
};

}  // namespace

std::unique_ptr<transport> make_single(const asio::any_io_executor& executor, const transport_settings& s,
                                       std::shared_ptr<address_source> where)
{
    return std::make_unique<single_server>(executor, s, std::move(where));
}

std::unique_ptr<transport> make_transport(const asio::any_io_executor& executor, const transport_settings& s)
{
    return make_single(executor, s, std::make_shared<fixed_address>(s.o.addresses.front()));
}

}  // namespace larder::redis
