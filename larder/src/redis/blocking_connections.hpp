// SPDX-License-Identifier: MIT
// Connections for blocking commands (BLPOP, WAIT...), each of which needs a connection of its own. When a caller gives
// up, the server is asked to end the command (CLIENT UNBLOCK), and its reply still reaches the caller, so an element
// that was popped meanwhile is not lost (redis-py #2511).
#pragma once

#include <functional>
#include <larder/redis/operation.hpp>
#include <memory>
#include <vector>

#include "connection.hpp"

namespace larder::redis {

/// Ends the command that waits on `waiting`, with CLIENT UNBLOCK over another connection to the same server.
void unblock(connection& over, const connection& waiting, steady_time::duration timeout);

class blocking_connections {
 public:
    /// Opens at most `limit` connections. A connection that has been idle for `idle` is closed.
    blocking_connections(std::size_t limit, std::chrono::milliseconds idle);
    ~blocking_connections();

    /// Makes a new connection.
    using factory = std::function<std::shared_ptr<connection>(connection::hooks)>;
    /// Sends CLIENT UNBLOCK for `waiting` over another connection.
    using unblocker = std::function<void(const connection& waiting)>;
    /// Runs the operation on a free connection of the group, or on a new one from `make`. `group` names the server;
    /// connections of a group are interchangeable. Ends it with errc::overloaded if all `limit` connections are in use.
    void start(detail::operation& op, std::string_view group, const factory& make, const unblocker& unblock);

    /// Makes the operation end soon. Requires: it was started here and has not ended.
    static void give_up(detail::operation& op);
    void close();

 private:
    class exclusive_connection;
    std::size_t limit_;
    std::chrono::milliseconds idle_;
    std::vector<std::shared_ptr<exclusive_connection>> connections_;
};

}  // namespace larder::redis
