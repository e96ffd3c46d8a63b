// SPDX-License-Identifier: MIT
// The transport for one server, or for the master that Sentinel names. Ordinary commands share one connection (main_);
// blocking commands get connections of their own (blocking_lines). At the end of the file are make_transport(), which
// chooses the transport of a client, and helpers for all transports. Start with single_server::start().
#include <larder/result.hpp>

#include "blocking_lines.hpp"
#include "connection.hpp"
#include "transport.hpp"

namespace larder::redis {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

class single_server final : public transport {
 public:
    single_server(const asio::any_io_executor& executor, const transport_settings& s,
                  std::shared_ptr<address_source> where)
        : settings_{s},
          where_{std::move(where)},
          executor_{executor},
          blocking_{s.o.limit.blocking, s.o.time.health_check}
    {
        connection::hooks hooks{
            .on_push =
                [this](const resp::value& push) {
                    if (settings_.on_push) settings_.on_push(push);
                    return false;
                },
            .on_up = [this] { tell(true); },
            .on_down = [this] { tell(false); },
        };
        auto line = make_settings(settings_);
        line.hello.tracking = settings_.tracking;
        line.alive = settings_.o.alive->of("", settings_.o.breaker);
        main_ = std::make_shared<connection>(executor_, std::move(line), where_, std::move(hooks));
    }
    ~single_server() override
    {
        main_->forget_hooks();
        single_server::close();
    }

    steady_time loop_time() const override { return main_->loop_time(); }
    void start(detail::operation& op) override
    {
        op.place = nullptr;
        if (op.what().is_blocking()) {
            blocking_.start(
                op, "",
                [this](connection::hooks h) {
                    return make_line({.watch_silence = false, .subscribes = false, .slot = {}}, std::move(h));
                },
                [this](const connection& waiting) { unblock(waiting.facts().client_id); });
            return;
        }
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
        blocking_lines::give_up(op);
        return std::nullopt;
    }

    client_state state() const override
    {
        auto out = state_of(*main_);
        if (out.server.empty()) out.server = settings_.o.addresses.front().text();
        return out;
    }
    void close() override
    {
        main_->close();
        blocking_.close();
    }
    bool closed() const override { return main_->closed() && main_->waiting() == 0; }

    bool lost_master() override
    {
        // At most once a second, because a server may be a replica on purpose.
        if (main_->loop_time() >= next_redial_) {
            next_redial_ = main_->loop_time() + std::chrono::seconds{1};
            main_->redial();
        }
        return settings_.o.kind == deployment::sentinel;
    }

    std::string explain(error_code code) const override { return main_->explain(code); }

    std::shared_ptr<connection> make_line(const line_options& o, connection::hooks h) override
    {
        auto line = make_settings(settings_);
        line.watch_silence = o.watch_silence;
        line.subscribes = o.subscribes;
        line.alive = settings_.o.alive->of("", settings_.o.breaker);
        return std::make_shared<connection>(executor_, std::move(line), where_, std::move(h));
    }

 private:
    void tell(bool up)
    {
        connected_ = up;
        if (settings_.on_connection) settings_.on_connection({up, main_->facts().tracked, main_->generation()});
    }

    void unblock(std::int64_t client_id)
    {
        const request r{"CLIENT UNBLOCK", client_id};
        main_->submit(r.bytes(), 1, nobody_, main_->loop_time() + settings_.o.time.socket, main_->loop_time());
    }

    const transport_settings& settings_;
    std::shared_ptr<address_source> where_;
    asio::any_io_executor executor_;
    std::shared_ptr<connection> main_;
    blocking_lines blocking_;
    ignoring_receiver nobody_;
    steady_time next_redial_{};
};

}  // namespace

connection_settings make_settings(const transport_settings& s)
{
    connection_settings out;
    out.time = s.o.time;
    out.limit = s.o.limit;
    out.breaker = s.o.breaker;
    out.tls = s.tls;
    out.hello.login = s.o.login;
    out.hello.name = s.o.name;
    out.hello.database = s.o.database;
    out.hello.master_only = s.o.kind == deployment::sentinel;
    return out;
}

client_state state_of(const connection& c)
{
    client_state out;
    out.connected = c.is_up();
    out.breaker = c.breaker();
    out.waiting = c.waiting();
    if (!c.peer().host.empty()) out.server = c.peer().text();
    out.version = c.facts().version;
    out.tls = c.tls_facts();
    out.tls_problem = c.tls_problem();
    out.resp3 = c.facts().resp3;
    out.tracked = c.facts().tracked;
    out.failure = c.failure();
    return out;
}

std::unique_ptr<transport> make_transport(const asio::any_io_executor& executor, const transport_settings& s)
{
    switch (s.o.kind) {
        case deployment::cluster:
            return make_cluster(executor, s);
        case deployment::rest:
            return make_rest(executor, s);
        case deployment::sentinel:
            return std::make_unique<single_server>(executor, s, make_sentinel_source(executor, s));
        case deployment::standalone:
            break;
    }
    return std::make_unique<single_server>(executor, s, std::make_shared<fixed_address>(s.o.addresses.front()));
}

}  // namespace larder::redis
