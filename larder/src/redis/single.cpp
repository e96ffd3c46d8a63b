// SPDX-License-Identifier: MIT
// The transport for one server, or for the master that Sentinel names. Ordinary commands share one connection (main_);
// blocking commands get connections of their own (blocking_connections). Start with single_server::start().
#include <larder/result.hpp>

#include "blocking_connections.hpp"
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
            .on_up = [this] { report_connection(true); },
            .on_down = [this] { report_connection(false); },
        };
        auto settings = make_settings(settings_);
        settings.handshake.tracking = settings_.tracking;
        settings.liveness = settings_.o.liveness->of("", settings_.o.breaker);
        main_ = std::make_shared<connection>(executor_, std::move(settings), where_, std::move(hooks));
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
                    return make_connection({.watch_silence = false, .subscribes = false, .slot = {}}, std::move(h));
                },
                [this](const connection& waiting) { unblock(*main_, waiting, settings_.o.time.socket); });
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
        blocking_connections::give_up(op);
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
        if (main_->loop_time() >= next_reconnect_) {
            next_reconnect_ = main_->loop_time() + std::chrono::seconds{1};
            main_->reconnect();
        }
        return settings_.o.kind == deployment::sentinel;
    }

    std::string explain(error_code code) const override { return main_->explain(code); }

    std::shared_ptr<connection> make_connection(const connection_purpose& o, connection::hooks h) override
    {
        auto settings = make_settings(settings_);
        settings.watch_silence = o.watch_silence;
        settings.subscribes = o.subscribes;
        settings.liveness = settings_.o.liveness->of("", settings_.o.breaker);
        return std::make_shared<connection>(executor_, std::move(settings), where_, std::move(h));
    }

 private:
    void report_connection(bool up)
    {
        connected_ = up;
        if (settings_.on_connection) settings_.on_connection({up, main_->facts().tracked, main_->generation()});
    }

    const transport_settings& settings_;
    std::shared_ptr<address_source> where_;
    asio::any_io_executor executor_;
    std::shared_ptr<connection> main_;
    blocking_connections blocking_;
    steady_time next_reconnect_{};
};

}  // namespace

std::unique_ptr<transport> make_single_server(const asio::any_io_executor& executor, const transport_settings& s,
                                              std::shared_ptr<address_source> where)
{
    return std::make_unique<single_server>(executor, s, std::move(where));
}

}  // namespace larder::redis
