// SPDX-License-Identifier: MIT
// Sends a few commands to one server over a link of its own and closes it: how Sentinels and cluster nodes are queried.
#pragma once

#include <larder/redis/request.hpp>

#include "link.hpp"

namespace larder::redis {

struct queried_server {
    address at;
    tls_files* tls = nullptr;  ///< null: without TLS
    credentials login;
};

/// Returns the error of the connection or of the handshake, with outcome not_sent; nullopt if all replies arrived.
/// Replies, error replies included, go to `visit`. Requires: `server` lives until this returns.
boost::asio::awaitable<std::optional<error>> query_server(boost::asio::any_io_executor executor,
                                                          const queried_server& server, request commands,
                                                          link::visitor visit, steady_time deadline);

}  // namespace larder::redis
