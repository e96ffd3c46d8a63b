// SPDX-License-Identifier: MIT
// One question to one server over a link of its own: for Sentinels and for a cluster's map.
#pragma once

#include <larder/redis/request.hpp>

#include "link.hpp"

namespace larder::redis {

/// The error of the connection or of the handshake; of the commands' own errors `visit` hears.
boost::asio::awaitable<std::optional<error>> ask(boost::asio::any_io_executor executor, tls_files* tls, address to,
                                                 credentials login, request commands, link::visitor visit,
                                                 steady_time deadline);

}  // namespace larder::redis
