// SPDX-License-Identifier: MIT
// Chooses the transport of a client, and holds what all transports share: the settings of their connections and the
// state that they report. Start with make_transport().
#include "transport.hpp"

namespace larder::redis {

namespace asio = boost::asio;

connection_settings make_settings(const transport_settings& s)
{
    connection_settings out;
    out.time = s.o.time;
    out.limit = s.o.limit;
    out.breaker = s.o.breaker;
    out.tls = s.tls;
    out.handshake.login = s.o.login;
    out.handshake.name = s.o.name;
    out.handshake.database = s.o.database;
    out.handshake.master_only = s.o.kind == deployment::sentinel;
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
            return make_single_server(executor, s, make_sentinel_source(executor, s));
        case deployment::standalone:
            break;
    }
    return make_single_server(executor, s, std::make_shared<fixed_address>(s.o.addresses.front()));
}

}  // namespace larder::redis
