// SPDX-License-Identifier: MIT
// Implements query_server(): open a link, handshake, exchange. A timer closes the link at the deadline.
#include "query.hpp"

#include <boost/asio/steady_timer.hpp>
#include <larder/redis/request.hpp>

namespace larder::redis {

namespace asio = boost::asio;

asio::awaitable<std::optional<error>> query_server(asio::any_io_executor executor, const queried_server& server,
                                                   request commands, link::visitor visit, steady_time deadline)
{
    const auto l = std::make_shared<link>(executor, server.tls);
    asio::steady_timer limit{executor, deadline};
    limit.async_wait([l](boost::system::error_code ec) {
        if (!ec) l->close();
    });
    handshake_options handshake;
    handshake.login = server.login;
    try {
        co_await l->open(server.at, deadline, std::chrono::milliseconds{2000});
        auto refused = co_await l->handshake(handshake);
        if (refused) co_return refused;
        co_await l->exchange(std::string{commands.bytes()}, commands.commands(), visit);
    } catch (const boost::system::system_error& e) {
        co_return error{outcome::not_sent, e.code(), message_of(e)};
    }
    co_return std::nullopt;
}

}  // namespace larder::redis
