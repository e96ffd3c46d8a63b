// SPDX-License-Identifier: MIT
// Who waits for the replies of one request.
#pragma once

#include <larder/redis/outcome.hpp>
#include <larder/resp.hpp>

namespace larder::redis {

/// Must outlive its place in the queue, or give it up.
class receiver {
 public:
    /// Once per command of the request, in order. The value lives until this returns.
    virtual void on_reply(const resp::value& reply) = 0;
    /// The last call. `ok`: all replies were given. `not_sent`: no byte of the request has left, and none will.
    /// `unknown`: it was sent, at least in part, and what became of it will never be known.
    virtual void on_end(outcome what, boost::system::error_code why) = 0;
    /// True: the deadline moves on while bytes of the request leave or those of its replies arrive.
    virtual bool waits_while_bytes_move() const noexcept { return false; }

 protected:
    ~receiver() = default;
};

}  // namespace larder::redis
