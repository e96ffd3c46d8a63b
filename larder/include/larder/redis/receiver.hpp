// SPDX-License-Identifier: MIT
// The interface through which a connection delivers the replies to one request.
#pragma once

#include <larder/redis/outcome.hpp>
#include <larder/resp.hpp>

namespace larder::redis {

/// Must exist as long as its request is in the connection's queue, or cancel the request.
class receiver {
 public:
    /// Called once per command of the request, in order. The value is valid until this returns.
    virtual void on_reply(const resp::value& reply) = 0;
    /// The last call. `ok`: all replies were delivered. `not_sent`: no byte of the request was sent, and none will be.
    /// `unknown`: the request was sent at least in part, and whether it was executed cannot be determined.
    virtual void on_end(outcome what, boost::system::error_code why) = 0;
    /// Whether the deadline is extended while bytes of the request or of its replies are transferred.
    virtual bool waits_while_bytes_move() const noexcept { return false; }

 protected:
    ~receiver() = default;
};

}  // namespace larder::redis
